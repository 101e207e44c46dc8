import type { Check } from './verification.ts';

/** A package.json of the base commit: the folder it lies in (`''` is the root), and its scripts. */
export interface Manifest {
  readonly folder: string;
  readonly scripts: Readonly<Record<string, string>>;
}

export interface RunnerScripts {
  /** Paths as they are written; many are words that name no file. */
  readonly named: ReadonlySet<string>;
  /** Whether a path is meant: as it is written, or without its ending, as some programs find it. */
  has(path: string): boolean;
}

/**
 * The files that a check runs, or reads as its measure, because its command line or a script behind it names them: who
 * changes them changes what is checked. Of code files only those that are run count, because linters and compilers are
 * given the very code that is to be changed. A script counts when a check leads to it.
 */
export function runnerScripts(
  checks: readonly Pick<Check, 'argv' | 'cwd'>[],
  manifests: readonly Manifest[],
): RunnerScripts {
  const named = new Set<string>();
  const words = new Set<string>();
  const look = (folder: string, commands: readonly (readonly string[])[]) => {
    for (const command of commands) {
      for (const word of command) words.add(word);
      for (const path of filesOf(command)) named.add(joined(folder, path));
    }
  };
  for (const { argv, cwd = '' } of checks) look(cwd, withInner([argv]));
  const followed = new Set<string>();
  for (let before = -1; before !== followed.size; ) {
    before = followed.size;
    for (const { folder, scripts } of manifests) {
      for (const [name, body] of Object.entries(scripts)) {
        const key = `${folder}\0${name}`;
        if (followed.has(key) || !isUsed(name, words)) continue;
        followed.add(key);
        look(folder, withInner(commandsIn(body)));
      }
    }
  }
  const programs = new Set([...words].map(baseOf).filter((word) => isProgram(word)));
  return {
    named,
    has: (path) =>
      named.has(path) || named.has(path.replace(/\.[a-z]+$/i, '')) || programs.has(programAt(path)),
  };
}

const installs = new Set(['ci', 'install', 'i', 'add']);
const installScripts = new Set(['preinstall', 'install', 'postinstall', 'prepare']);

/** npm runs what stands before and after a script by its name, and some scripts with an installation. */
function isUsed(name: string, words: ReadonlySet<string>): boolean {
  if (words.has(name) || words.has(name.replace(/^(?:pre|post)/, ''))) return true;
  if (name === 'test' || name === 'pretest' || name === 'posttest') return words.has('t') || words.has('tst');
  return installScripts.has(name) && [...words].some((word) => installs.has(word));
}

const shells = /^(?:sh|bash|dash|zsh|ash|ksh|cmd|cmd\.exe|powershell|pwsh)$/;

/** A shell's `-c` is a command line of its own. */
function withInner(commands: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return commands.flatMap((command) => {
    const at = command.findIndex((word) => shells.test(baseOf(word)));
    const script = at < 0 ? undefined : command.slice(at + 1).find((word) => /\s/.test(word));
    return script === undefined ? [command] : [command, ...withInner(commandsIn(script))];
  });
}

function commandsIn(line: string): readonly (readonly string[])[] {
  const words = [...line.matchAll(/"([^"]*)"|'([^']*)'|(&&|\|\||[;|&\n()])|([^\s"';|&()]+)/g)];
  const commands: string[][] = [[]];
  for (const [, double, single, separator, plain] of words) {
    if (separator !== undefined) commands.push([]);
    else commands.at(-1)?.push(double ?? single ?? plain ?? '');
  }
  return commands.filter((command) => command.length > 0);
}

const wrappers =
  /^(?:npx|pnpx|bunx|exec|run|dlx|x|env|cross-env|time|timeout|nice|uv|poetry|pipenv|bundle|c8|nyc|coverage|xvfb-run|dotenv)$/;
const interpreters =
  /^(?:node|nodejs|deno|bun|tsx|ts-node|python[\d.]*|py|ruby|perl|php|lua|Rscript|sh|bash|dash|zsh|ksh|pwsh|powershell|java)(?:\.exe)?$/;
const testRunners =
  /^(?:vitest|jest|mocha|ava|tap|tape|uvu|jasmine|karma|playwright|cypress|pytest|py\.test|nosetests|tox|nox|rspec|phpunit|bats|prove|ctest)$/;
const tools =
  /^(?:npm|npx|pnpm|pnpx|yarn|bunx?|make|gmake|env|git|go|cargo|mvn|gradle|dotnet|bundle|rake|composer)$/;

/** A script may put a folder of the tree into PATH: a file there that is called like a program would be run for it. */
const isProgram = (word: string) => interpreters.test(word) || testRunners.test(word) || tools.test(word);
const programAt = (path: string) => baseOf(path).replace(/\.(?:exe|cmd|bat)$/i, '');
const guides =
  /^(?:-r|--require|--import|--loader|--experimental-loader|-c|--config|--configuration|--reporter|--setup[\w-]*|--global-?setup|--env-file|-p|--project|-f|--file|--makefile|-m)$/i;
const code = /\.(?:[cm]?[jt]sx?|py|rb|go|rs|java|kt|cs|c|cc|cpp|h|hpp|php|swift|scala|vue|svelte)$/i;

/** Paths in one command that are run, guide the run, or are no code. */
function filesOf(command: readonly string[]): readonly string[] {
  const files: string[] = [];
  let runs: 'next' | 'all' | 'none' = 'next';
  for (const [at, word] of command.entries()) {
    const option = /^(-[^=]*)=(.+)$/.exec(word);
    if (option?.[2] !== undefined)
      files.push(...(guides.test(option[1] ?? '') || !code.test(option[2]) ? [option[2]] : []));
    else if (word.startsWith('-')) runs = word === '--test' && runs === 'next' ? 'all' : runs;
    else if (/^\w+=/.test(word) && runs === 'next') continue;
    else if (runs === 'next' && wrappers.test(baseOf(word))) continue;
    else if (runs === 'next' && interpreters.test(baseOf(word))) files.push(word);
    else if (runs === 'next' && testRunners.test(baseOf(word))) runs = 'all';
    else if (guides.test(command[at - 1] ?? '')) files.push(word, word.replaceAll('.', '/'));
    else if (runs !== 'none') {
      files.push(word);
      if (runs === 'next') runs = 'none';
    } else if (!code.test(word)) files.push(word);
  }
  return files;
}

const baseOf = (word: string) => word.split(/[\\/]/).at(-1) ?? word;

/** A path from the root of the checkout; what leads out of it stays as it is, and is no path of the commit. */
function joined(folder: string, path: string): string {
  const parts: string[] = [];
  for (const part of `${folder}/${path}`.split(/[\\/]/)) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}
