import {
  baseName,
  below,
  type Ecosystem,
  folderOf,
  pathsBelow,
  plainPart,
  present,
  resolveIn,
  type StagedAs,
  staged,
} from './part.ts';

/**
 * The sources of all crates, in a CARGO_HOME beside the tree; the check compiles them. A manifest is read only together
 * with a target, so those that are there are laid out empty.
 */
export const cargo: Ecosystem = {
  manager: 'cargo',
  language: 'rust',
  roots: /^Cargo\.lock$/,
  reads: /^Cargo\.(?:toml|lock)$/,
  plan(tree, folder) {
    const lock = below(folder, 'Cargo.lock');
    // Nothing but its own crates: there is nothing to fetch.
    if (!/^source = /m.test(tree.text(lock) ?? 'source = ')) return undefined;
    const manifests = pathsBelow(tree, folder, /(?:^|\/)Cargo\.toml$/);
    const homes = manifests.map(folderOf);
    const targets = manifests.flatMap((path) => {
      const home = folderOf(path);
      const named = [...(tree.text(path) ?? '').matchAll(/^\s*path\s*=\s*"([^"]+\.rs)"/gm)];
      const usual = ['src/lib.rs', 'src/main.rs', 'build.rs'].map((name) => below(home, name));
      return [...usual, ...named.flatMap(([, name = '']) => resolveIn(home, name) ?? [])];
    });
    const settings = ['.cargo/config.toml', '.cargo/config', 'rust-toolchain.toml', 'rust-toolchain'];
    const files = new Map<string, StagedAs>([
      ...staged('whole', [lock, ...manifests, ...present(tree, folder, settings)]),
      ...staged(
        'empty',
        targets.filter((path) => tree.has(path)),
      ),
    ]);
    const part = {
      ...plainPart,
      manager: 'cargo',
      language: 'rust' as const,
      folder,
      members: homes.filter((home) => home !== folder),
      staged: files,
      tools: [['cargo', '--version'] as const],
      commands: [['cargo', 'fetch', '--locked'] as const],
      prepareEnv: { CARGO_HOME: '{beside}/cargo' },
      checkEnv: { CARGO_HOME: '{beside}/cargo', CARGO_NET_OFFLINE: 'true' },
      usesBeside: true,
      scratch: ['.package-cache', '.package-cache-mutate', '.global-cache', '.global-cache-journal'].map(
        (name) => `cargo/${name}`,
      ),
    };
    return { part, notes: [] };
  },
};

/** The module cache beside the tree, writable so that it can be removed again. */
export const go: Ecosystem = {
  manager: 'go',
  language: 'go',
  roots: /^(?:go\.work|go\.sum)$/,
  reads: /^(?:go\.mod|go\.work)$/,
  plan(tree, folder) {
    if (tree.has(below(folder, 'vendor/modules.txt'))) return undefined;
    const isWork = tree.has(below(folder, 'go.work'));
    const members = isWork ? pathsBelow(tree, folder, /(?:^|\/)go\.(?:mod|sum)$/) : [];
    const files = [...members, ...present(tree, folder, ['go.mod', 'go.sum', 'go.work', 'go.work.sum'])];
    const part = {
      ...plainPart,
      manager: 'go',
      language: 'go' as const,
      folder,
      members: members.map(folderOf).filter((home) => home !== folder),
      staged: new Map<string, StagedAs>(staged('whole', files)),
      tools: [['go', 'version'] as const],
      commands: [['go', 'mod', 'download'] as const],
      prepareEnv: { GOMODCACHE: '{beside}/go', GOFLAGS: '-modcacherw' },
      checkEnv: { GOMODCACHE: '{beside}/go', GOFLAGS: '-mod=readonly -modcacherw', GOPROXY: 'off' },
      usesBeside: true,
      scratch: ['go/cache/lock'],
    };
    return { part, notes: [] };
  },
};

/** A local repository beside the tree. A pom that names its versions is its own lock file. */
export const maven: Ecosystem = {
  manager: 'maven',
  language: 'java',
  roots: /^pom\.xml$/,
  reads: /^pom\.xml$/,
  plan(tree, folder) {
    const poms = pathsBelow(tree, folder, /(?:^|\/)pom\.xml$/);
    const loose = poms.find((path) => looseVersion.test(tree.text(path) ?? ''));
    if (loose !== undefined)
      return { notes: [`${loose} names a version range or a newest version: nothing was installed.`] };
    const settings = pathsBelow(tree, folder, /(?:^|\/)\.mvn\//);
    const repository = '-Dmaven.repo.local={beside}/m2';
    const part = {
      ...plainPart,
      manager: 'maven',
      language: 'java' as const,
      folder,
      members: poms.map(folderOf).filter((home) => home !== folder),
      staged: new Map<string, StagedAs>(staged('whole', [...poms, ...settings])),
      tools: [['mvn', '--version'] as const, ['java', '-version'] as const],
      commands: [
        ['mvn', '--batch-mode', '--no-transfer-progress', repository, 'dependency:go-offline'] as const,
      ],
      checkEnv: { MAVEN_OPTS: repository },
      usesBeside: true,
    };
    return { part, notes: [] };
  },
};

const looseVersion = /<version>\s*(?:[[(][^<]*|LATEST|RELEASE)\s*<\/version>/;

/** A Gradle user home beside the tree, where versions are locked or the artefacts' digests are written down. */
export const gradle: Ecosystem = {
  manager: 'gradle',
  language: 'java',
  roots: /^(?:gradle\.lockfile|verification-metadata\.xml|settings-gradle\.lockfile)$/,
  reads: /^gradle\.lockfile$/,
  plan(tree, found) {
    const folder = baseName(found) === 'gradle' ? folderOf(found) : found;
    const files = pathsBelow(
      tree,
      folder,
      /(?:\.gradle(?:\.kts)?|gradle\.properties|\.lockfile|^(?:.*\/)?gradle\/(?:wrapper\/.*|.*\.(?:toml|xml))|(?:^|\/)gradlew(?:\.bat)?)$/,
    );
    const wrapped = tree.has(below(folder, 'gradlew'));
    const program = wrapped ? './gradlew' : 'gradle';
    const part = {
      ...plainPart,
      manager: 'gradle',
      language: 'java' as const,
      folder,
      members: files.map(folderOf).filter((home) => home !== folder),
      staged: new Map<string, StagedAs>(staged('whole', files)),
      tools: [wrapped ? (['java', '-version'] as const) : (['gradle', '--version'] as const)],
      commands: [[program, '--no-daemon', '--quiet', 'dependencies'] as const],
      prepareEnv: { GRADLE_USER_HOME: '{beside}/gradle' },
      checkEnv: { GRADLE_USER_HOME: '{beside}/gradle', GRADLE_OPTS: '-Dorg.gradle.daemon=false' },
      usesBeside: true,
    };
    return { part, notes: [] };
  },
};
