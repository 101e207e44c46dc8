import {
  below,
  type Ecosystem,
  folderOf,
  pathsBelow,
  plainPart,
  present,
  type StagedAs,
  staged,
} from './part.ts';

/** Composer's own scripts are the project's alone, and are not run. */
export const composer: Ecosystem = {
  manager: 'composer',
  language: 'php',
  roots: /^composer\.lock$/,
  reads: /^composer\.json$/,
  plan(tree, folder) {
    const files = present(tree, folder, ['composer.json', 'composer.lock', 'auth.json']);
    const part = {
      ...plainPart,
      manager: 'composer',
      language: 'php' as const,
      folder,
      staged: new Map<string, StagedAs>(staged('whole', files)),
      tools: [['composer', '--version'] as const, ['php', '--version'] as const],
      commands: [['composer', 'install', '--no-interaction', '--no-progress', '--no-scripts'] as const],
      results: ['vendor'],
    };
    return { part, notes: [] };
  },
};

export const bundler: Ecosystem = {
  manager: 'bundler',
  language: 'ruby',
  roots: /^(?:Gemfile|gems)\.lock(?:ed)?$/,
  reads: /^Gemfile$/,
  plan(tree, folder) {
    const specs = pathsBelow(tree, folder, /\.gemspec$/);
    const names = ['Gemfile', 'Gemfile.lock', 'gems.rb', 'gems.locked', '.ruby-version', '.bundle/config'];
    const part = {
      ...plainPart,
      manager: 'bundler',
      language: 'ruby' as const,
      folder,
      staged: new Map<string, StagedAs>(staged('whole', [...present(tree, folder, names), ...specs])),
      tools: [['bundle', '--version'] as const, ['ruby', '--version'] as const],
      commands: [['bundle', 'install', '--quiet'] as const],
      prepareEnv: {
        BUNDLE_PATH: '{beside}/bundle',
        BUNDLE_FROZEN: 'true',
        BUNDLE_USER_HOME: '{beside}/user',
      },
      checkEnv: { BUNDLE_PATH: '{beside}/bundle', BUNDLE_FROZEN: 'true', BUNDLE_DISABLE_SHARED_GEMS: 'true' },
      usesBeside: true,
    };
    return { part, notes: [] };
  },
};

export const mix: Ecosystem = {
  manager: 'mix',
  language: 'elixir',
  roots: /^mix\.lock$/,
  reads: /^mix\.exs$/,
  plan(tree, folder) {
    const files = [
      ...pathsBelow(tree, folder, /(?:^|\/)mix\.exs$/),
      ...pathsBelow(tree, folder, /(?:^|\/)config\/.*\.exs$/),
    ];
    const part = {
      ...plainPart,
      manager: 'mix',
      language: 'elixir' as const,
      folder,
      members: files.map(folderOf).filter((home) => home !== folder),
      staged: new Map<string, StagedAs>(staged('whole', [below(folder, 'mix.lock'), ...files])),
      tools: [['mix', '--version'] as const],
      commands: [['mix', 'deps.get', '--check-locked'] as const],
      results: ['deps'],
    };
    return { part, notes: [] };
  },
};

export const dotnet: Ecosystem = {
  manager: 'dotnet',
  language: 'dotnet',
  roots: /^packages\.lock\.json$/,
  reads: /^packages\.lock\.json$/,
  plan(tree, folder) {
    const files = pathsBelow(
      tree,
      folder,
      /(?:\.(?:cs|fs|vb)proj|\.slnx?|(?:^|\/)(?:packages\.lock\.json|global\.json|Directory\.[\w.]+|[Nn]u[Gg]et\.[Cc]onfig))$/,
    );
    const part = {
      ...plainPart,
      manager: 'dotnet',
      language: 'dotnet' as const,
      folder,
      members: files.map(folderOf).filter((home) => home !== folder),
      staged: new Map<string, StagedAs>(staged('whole', files)),
      tools: [['dotnet', '--version'] as const],
      commands: [['dotnet', 'restore', '--locked-mode'] as const],
      prepareEnv: { NUGET_PACKAGES: '{beside}/nuget', DOTNET_CLI_TELEMETRY_OPTOUT: '1' },
      checkEnv: { NUGET_PACKAGES: '{beside}/nuget', DOTNET_CLI_TELEMETRY_OPTOUT: '1' },
      usesBeside: true,
    };
    return { part, notes: [] };
  },
};
