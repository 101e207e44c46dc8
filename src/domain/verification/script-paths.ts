/** A manifest in the repository: its path with slashes, and its text. */
interface Manifest {
  readonly path: string;
  readonly text: string;
}

/**
 * Files of the repository that a manifest's scripts run: the script of `npm test` decides a verdict as much as the
 * manifest that names it. Read from package.json and composer.json, deno.json, Makefiles, justfiles, Taskfiles and
 * tox.ini; nothing from others, and nothing where the text cannot be parsed. Paths are relative to the root; whether
 * the files exist is for the caller to see.
 *
 * Only what is run is named, not what is handed to a program. Scripts that run the product (`start`, `dev`) are passed
 * over, and so is what the manifest offers as the product (`main`, `bin`, `exports`) or lies in `src`, unless its name
 * speaks of tests: an honest fix must be able to change the product.
 */
export function scriptPaths(manifest: Manifest): readonly string[] {
  const name = (manifest.path.split('/').at(-1) ?? '').toLowerCase();
  const folder = manifest.path.split('/').slice(0, -1);
  const { lines, offered } = scriptsIn(name, manifest.text);
  const found = new Set<string>();
  for (const line of lines) {
    for (const path of runIn(line)) {
      const resolved = resolve(folder, path);
      if (resolved !== undefined && !offered.has(withoutDot(path)) && !isProduct(path)) found.add(resolved);
    }
  }
  return [...found];
}

interface Scripts {
  readonly lines: readonly string[];
  /** Paths that the manifest offers as the product, as it writes them, without `./`. */
  readonly offered: ReadonlySet<string>;
}

const runsProduct =
  /^(?:pre|post)?(?:start|dev|serve|preview|watch|demo|examples?|storybook|release|deploy)(?:[:-]|$)/;

function scriptsIn(name: string, text: string): Scripts {
  if (/^(?:package|composer)\.json$|^deno\.jsonc?$/.test(name)) return fromJson(text);
  if (/^(?:gnu)?makefile(?:\..+)?$|\.mk$|^\.?justfile$|^taskfile(?:\.dist)?\.ya?ml$|^tox\.ini$/.test(name))
    return { lines: text.split('\n').map((line) => line.slice(0, 4_000)), offered: new Set() };
  return { lines: [], offered: new Set() };
}

function fromJson(text: string): Scripts {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    return { lines: [], offered: new Set() };
  }
  if (!isRecord(manifest)) return { lines: [], offered: new Set() };
  const lines = ['scripts', 'tasks'].flatMap((key) => {
    const scripts = manifest[key];
    if (!isRecord(scripts)) return [];
    return Object.entries(scripts).flatMap(([name, script]) =>
      runsProduct.test(name) ? [] : textsIn(script),
    );
  });
  const offered = ['main', 'module', 'browser', 'bin', 'exports', 'types'].flatMap((key) =>
    textsIn(manifest[key]),
  );
  return { lines, offered: new Set(offered.map(withoutDot)) };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every string within, at most some levels down. */
function textsIn(value: unknown, depth = 0): readonly string[] {
  if (typeof value === 'string') return [value.slice(0, 4_000)];
  if (typeof value !== 'object' || value === null || depth > 6) return [];
  return Object.values(value).flatMap((each) => textsIn(each, depth + 1));
}

/** Programs whose first argument that is no option is a file they run. */
const interpreter =
  /^(?:node|nodejs|tsx|ts-node|ts-node-esm|esno|jiti|bun|deno|sh|bash|zsh|dash|ksh|fish|python[\d.]*|ruby|perl|php|lua|pwsh|source|\.|exec|Rscript|elixir|swift|babel-node|nodemon|zx|include|-include|sinclude)$/;

/** Options of Node and its like whose value is a file that is run first. */
const preload =
  /^(?:-r|--require|--import|--loader|--experimental-loader|--preload|--setup-file|--file)(?:=(.+))?$/;

const valueFollows = (word = '') => preload.exec(word)?.[1] === undefined && preload.test(word);

const subcommand = /^(?:run|test|task|exec)$/;

function runIn(line: string): readonly string[] {
  const found: string[] = [];
  let entered: string | undefined;
  const add = (path: string) => found.push(path, ...(entered === undefined ? [] : [`${entered}/${path}`]));
  for (const command of line.replace(/^[\t ]*[@+-]+/, '').split(/&&|\|\||[;|&()\n`]/)) {
    const words = command
      .trim()
      .split(/\s+/)
      .map(unquoted)
      .filter((word) => word !== '');
    if (words[0] === 'cd' && words[1] !== undefined && isPath(`${words[1]}/`)) entered = words[1];
    let awaits = false;
    for (const [at, word] of words.entries()) {
      const option = preload.exec(word);
      const value = option?.[1] ?? (option ? words[at + 1] : undefined);
      if (value !== undefined && isPath(value)) add(value);
      if (option || (at > 0 && valueFollows(words[at - 1]))) continue;
      if (interpreter.test(word)) awaits = true;
      else if (awaits && !word.startsWith('-') && !subcommand.test(word) && !word.includes('=')) {
        if (isPath(word)) add(word);
        awaits = false;
      } else if (/^\.{1,2}\//.test(word) && startsCommand(words, at)) add(word);
      else if (word.includes('/') && startsCommand(words, at) && isPath(word)) add(word);
    }
  }
  return found;
}

/** Nothing but settings of variables and wrappers such as `env` and `time` stand before it. */
function startsCommand(words: readonly string[], at: number): boolean {
  return words
    .slice(0, at)
    .every((word) => /^\w+=|^(?:env|cross-env|time|nice|exec|command|npx)$/.test(word));
}

const unquoted = (word: string) => word.replace(/^['"]+|['"]+$/g, '');

const isPath = (word: string) =>
  word.length <= 300 &&
  !/[*?{}$<>%:\\]/.test(word) &&
  !word.startsWith('/') &&
  (word.includes('/') || /\.[a-z]{1,5}$/i.test(word));

const withoutDot = (path: string) => path.replace(/^(?:\.\/)+/, '');

function isProduct(path: string): boolean {
  const parts = withoutDot(path).split('/');
  const name = parts.at(-1) ?? '';
  return /^(?:src|lib|app|dist|build)$/.test(parts[0] ?? '') && !/test|spec|check|lint|verify/i.test(name);
}

/** Below the root, with `..` taken back; undefined when it leads out. */
function resolve(folder: readonly string[], path: string): string | undefined {
  const parts = [...folder];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.length === 0 ? undefined : parts.join('/');
}
