import {
  baseName,
  below,
  type DependencyPart,
  type Ecosystem,
  folderOf,
  pathsBelow,
  plainPart,
  present,
  resolveIn,
  type StagedAs,
  staged,
  type TreeView,
} from './part.ts';

/**
 * A virtual environment beside the tree, with what the lock file says and without the project itself: that is imported
 * from the tree (its root, or its folder `src`), so that one environment serves every state of it.
 */
function environment(
  tree: TreeView,
  folder: string,
  own: Pick<DependencyPart, 'manager' | 'tools' | 'commands' | 'staged'> & Partial<DependencyPart>,
): DependencyPart {
  const sources = tree.paths.some((path) => path.startsWith(below(folder, 'src/'))) ? '{root}/src' : '{root}';
  return {
    ...plainPart,
    language: 'python',
    folder,
    usesBeside: true,
    binaries: `${venv}/bin`,
    ...own,
    checkEnv: {
      VIRTUAL_ENV: venv,
      PYTHONPATH: sources,
      // What is compiled while checks run would count as a change of the environment, and of the tree.
      PYTHONDONTWRITEBYTECODE: '1',
      ...own.checkEnv,
    },
  };
}

const venv = '{beside}/venv';
const python: readonly [string, ...string[]] = [
  'python3',
  '-c',
  'import sys; print(sys.version, sys.base_prefix)',
];
const makeVenv: readonly [string, ...string[]] = ['python3', '-m', 'venv', venv];
const quietly = { PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_NO_INPUT: '1' };

export const uv: Ecosystem = {
  manager: 'uv',
  language: 'python',
  roots: /^uv\.lock$/,
  reads: /^(?:pyproject\.toml|requirements.*\.txt)$/,
  plan(tree, folder) {
    const members = pathsBelow(tree, folder, /(?:^|\/)pyproject\.toml$/);
    const files = [...members, ...present(tree, folder, ['uv.lock', 'uv.toml', '.python-version'])];
    const part = environment(tree, folder, {
      manager: 'uv',
      members: members.map(folderOf).filter((home) => home !== folder),
      staged: new Map<string, StagedAs>(staged('whole', files)),
      tools: [['uv', '--version'], python],
      commands: [
        [
          'uv',
          'sync',
          '--frozen',
          '--all-packages',
          '--all-groups',
          '--no-install-workspace',
          '--compile-bytecode',
        ],
      ],
      prepareEnv: { UV_PROJECT_ENVIRONMENT: venv, UV_LINK_MODE: 'copy' },
      checkEnv: { UV_PROJECT_ENVIRONMENT: venv, UV_NO_SYNC: '1', UV_FROZEN: '1', UV_OFFLINE: '1' },
    });
    return { part, notes: [] };
  },
};

export const poetry: Ecosystem = {
  manager: 'poetry',
  language: 'python',
  roots: /^poetry\.lock$/,
  reads: /^pyproject\.toml$/,
  plan(tree, folder) {
    const files = present(tree, folder, ['pyproject.toml', 'poetry.lock', 'poetry.toml']);
    const part = environment(tree, folder, {
      manager: 'poetry',
      staged: new Map<string, StagedAs>(staged('whole', files)),
      tools: [['poetry', '--version'], python],
      commands: [makeVenv, ['poetry', 'install', '--no-root', '--no-interaction', '--compile']],
      // It works in the environment that is active instead of one of its own.
      prepareEnv: { ...quietly, VIRTUAL_ENV: venv, POETRY_VIRTUALENVS_IN_PROJECT: 'false' },
    });
    return { part, notes: [] };
  },
};

export const pipenv: Ecosystem = {
  manager: 'pipenv',
  language: 'python',
  roots: /^Pipfile\.lock$/,
  reads: /^Pipfile$/,
  plan(tree, folder) {
    const part = environment(tree, folder, {
      manager: 'pipenv',
      staged: new Map<string, StagedAs>(staged('whole', present(tree, folder, ['Pipfile', 'Pipfile.lock']))),
      tools: [['pipenv', '--version'], python],
      commands: [makeVenv, ['pipenv', 'sync', '--dev']],
      prepareEnv: { ...quietly, VIRTUAL_ENV: venv, PIPENV_VERBOSITY: '-1' },
    });
    return { part, notes: [] };
  },
};

/** `requirements.txt` and those for development; each line names one version or one file, or nothing is installed. */
export const pip: Ecosystem = {
  manager: 'pip',
  language: 'python',
  roots: /^requirements\.txt$/,
  reads: /^(?:requirements.*|constraints.*|dev|test|tests|base|common)\.txt$/,
  plan(tree, folder) {
    const wanted = tree.paths.filter((path) => folderOf(path) === folder && forChecks.test(baseName(path)));
    const files = new Map<string, StagedAs>();
    const loose = wanted.flatMap((path) => looseLines(tree, path, files));
    if (loose.length > 0) {
      const note = `${below(folder, 'requirements.txt')} does not say exactly which versions ("${loose[0]?.slice(0, 60)}"): nothing was installed.`;
      return { notes: [note] };
    }
    if (files.size === 0) return undefined;
    const lists = wanted.flatMap((path) => ['--requirement', baseName(path)]);
    const part = environment(tree, folder, {
      manager: 'pip',
      staged: files,
      tools: [['python3', '-m', 'pip', '--version'], python],
      commands: [makeVenv, [`${venv}/bin/python`, '-m', 'pip', 'install', '--quiet', ...lists]],
      prepareEnv: quietly,
    });
    return { part, notes: [] };
  },
};

const forChecks = /^requirements(?:[-_.](?:dev|devel|development|test|tests|testing|ci))?\.txt$/;

/** Lines that leave a choice. Every file that is read or installed is put on the list. */
function looseLines(tree: TreeView, path: string, files: Map<string, StagedAs>): readonly string[] {
  if (files.has(path)) return [];
  const text = tree.text(path);
  if (text === undefined) return [`the file ${path}`];
  files.set(path, 'whole');
  const lines = text
    .replace(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .map((line) => line.replace(/(?:^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
  return lines.flatMap((line) => {
    const other = /^(?:-r|-c|--requirement|--constraint)[ =]+(\S+)$/.exec(line)?.[1];
    if (other !== undefined) {
      const named = resolveIn(folderOf(path), other);
      return named === undefined ? [line] : looseLines(tree, named, files);
    }
    const finder = /^(?:-f|--find-links)[ =]+(\S+)$/.exec(line)?.[1];
    if (finder !== undefined && !finder.includes(':')) {
      const wheels = resolveIn(folderOf(path), finder) ?? '';
      for (const file of pathsBelow(tree, wheels, /\.(?:whl|tar\.gz|zip)$/)) files.set(file, 'whole');
      return [];
    }
    if (line.startsWith('-')) return /^(?:-e|--editable)\b/.test(line) ? [line] : [];
    const archive = /^(\.{0,2}[\w./-]+\.(?:whl|tar\.gz|zip))(?:\s|$)/.exec(line)?.[1];
    const file = archive === undefined ? undefined : resolveIn(folderOf(path), archive);
    if (file !== undefined && tree.has(file)) {
      files.set(file, 'whole');
      return [];
    }
    return /===?\s*[^\s*]+(?:\s|;|$)|--hash=/.test(line) ? [] : [line];
  });
}
