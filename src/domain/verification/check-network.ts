/** Programs whose commands of these names do nothing but fetch and install. An empty name: without any. */
const installers: Readonly<Record<string, readonly string[]>> = {
  npm: ['ci', 'install', 'i', 'clean-install', 'install-clean'],
  pnpm: ['install', 'i', 'fetch'],
  yarn: ['install', ''],
  bun: ['install', 'i'],
  deno: ['install', 'cache'],
  pip: ['install', 'download'],
  pip3: ['install', 'download'],
  uv: ['sync', 'pip', 'venv'],
  poetry: ['install', 'sync'],
  pdm: ['install', 'sync'],
  pipenv: ['install', 'sync'],
  cargo: ['fetch', 'vendor'],
  go: ['get'],
  bundle: ['install', ''],
  composer: ['install'],
  dotnet: ['restore'],
  mix: ['deps.get'],
  rustup: ['toolchain', 'component', 'target'],
  corepack: ['install', 'prepare'],
};

/**
 * Is the whole purpose of this command to fetch packages? Such a check gets the network without being asked for,
 * because without it it could never pass. A build or a test that also fetches does not: that is worth knowing.
 */
export function fetchesPackages(argv: readonly string[]): boolean {
  const [program = '', ...rest] = argv;
  const name = (program.split(/[\\/]/).at(-1) ?? '').replace(/\.(?:exe|cmd|bat)$/i, '');
  const words = rest.filter((word) => !word.startsWith('-'));
  if (/^python[\d.]*$/.test(name)) return rest[0] === '-m' && rest[1] === 'pip' && words[1] === 'install';
  if (name === 'go' && words[0] === 'mod') return words[1] === 'download';
  return Object.hasOwn(installers, name) && (installers[name]?.includes(words[0] ?? '') ?? false);
}

/** How programs say that they could not reach another machine. */
const complaints =
  /EAI_AGAIN|ENOTFOUND|ENETUNREACH|ENETDOWN|EHOSTUNREACH|getaddrinfo|[Cc]ould not resolve (?:host|hostname)|[Tt]emporary failure in name resolution|[Nn]ame or service not known|[Nn]etwork is unreachable|[Nn]o address associated with hostname|[Ff]ailed to lookup address|no such host|dial tcp: lookup |UnknownHostException|NameResolutionError|nodename nor servname|[Ff]ailed to resolve/;

/** What to say about a check that failed for want of a network, or undefined when it says nothing of the kind. */
export function networkNote(output: string): string | undefined {
  return complaints.test(output)
    ? 'It seems to have looked for another machine. Checks have no network; allow it with network: true.'
    : undefined;
}
