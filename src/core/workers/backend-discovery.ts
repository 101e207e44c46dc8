import type { Backend, Family } from '../../ports/backend.ts';
import type { Runtime } from '../runtime.ts';

/** `perhaps`: a file is there that may hold a login; only the program itself can tell. */
export type LoginState = 'yes' | 'no' | 'perhaps' | 'unknown';

/** What can be seen of one backend on this machine, without the network and without reading a secret. */
export interface BackendFinding {
  readonly id: string;
  readonly title: string;
  readonly family: Family;
  /** Names under which it introduces itself as a client. */
  readonly clients: readonly string[];
  /** Absolute path of its program; undefined: not on PATH. */
  readonly program: string | undefined;
  /** `2.1.329`; undefined when it is not installed or did not say within 5 s. */
  readonly version: string | undefined;
  /** Version of the program this backend was driven with; undefined: written from documentation. */
  readonly tried: string | undefined;
  readonly login: LoginState;
  /** Why it cannot work, or may not, in a sentence of ours with what to do; undefined when nothing speaks against it. */
  readonly trouble: string | undefined;
}

type Rt = Pick<Runtime, 'backends' | 'programs' | 'env'>;

/** All backends that have a program of their own, in the order of the list, looked at side by side. */
export async function discoverBackends(rt: Rt): Promise<readonly BackendFinding[]> {
  const found = [...rt.backends.values()].map(async (backend) => {
    const finding = await locate(rt, backend);
    if (!finding?.program) return finding;
    const [, ...args] = backend.probe ?? [];
    const said = await rt.programs.says(finding.program, args, rt.env).catch(() => undefined);
    return { ...finding, version: versionIn(said) };
  });
  return (await Promise.all(found)).filter((finding) => finding !== undefined);
}

/** The same without asking any program for its version, which can take seconds: for a choice. */
export async function locateBackends(rt: Rt): Promise<readonly BackendFinding[]> {
  const found = [...rt.backends.values()].map((backend) => locate(rt, backend));
  return (await Promise.all(found)).filter((finding) => finding !== undefined);
}

async function locate(rt: Rt, backend: Backend): Promise<BackendFinding | undefined> {
  const { id, title, family, clients, tried, probe } = backend;
  if (!probe) return undefined;
  const program = await rt.programs.which(probe[0], rt.env);
  const login = program === undefined ? 'unknown' : await loginOf(rt, backend);
  const trouble = troubleOf(backend, program, login);
  return { id, title, family, clients, tried, program, version: undefined, login, trouble };
}

async function loginOf({ programs, env }: Rt, { login }: Backend): Promise<LoginState> {
  if (!login) return 'unknown';
  if (login.variables.some((name) => env[name])) return 'yes';
  const areThere = (files: typeof login.files) => Promise.all(files.map((file) => programs.has(file, env)));
  if ((await areThere(login.files)).includes(true)) return 'yes';
  return (await areThere(login.perhaps ?? [])).includes(true) ? 'perhaps' : 'no';
}

function troubleOf(
  { probe, login, install, title }: Backend,
  program: string | undefined,
  state: LoginState,
): string | undefined {
  if (program === undefined) return `The program ${probe?.[0]} is not on PATH; to get it: ${install}.`;
  if (state !== 'no') return undefined;
  return `${title} shows no trace of a login; to log in: ${login?.how}.`;
}

/** The first thing that looks like a version: programs put their names, commas and dates around it. */
export function versionIn(said: string | undefined): string | undefined {
  return /\d+\.\d+(?:\.\d+)?(?:[-+][\w.-]*\w)?/.exec(said ?? '')?.[0];
}
