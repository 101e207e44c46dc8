import { writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readSettings } from './adapters/config/settings.ts';
import { diskUse } from './adapters/diagnosis/disk.ts';
import { gitFacts, machineFacts } from './adapters/diagnosis/machine.ts';
import { repositoryAbove } from './adapters/diagnosis/repository-above.ts';
import { errno } from './adapters/errno.ts';
import { openPrograms } from './adapters/processes/programs.ts';
import { backends } from './backends/index.ts';
import { hasKeeper } from './core/keeper-presence.ts';
import { discoverBackends } from './core/workers/backend-discovery.ts';
import { type YardToLookAt, yardToLookAt } from './doctor-yard.ts';
import type { BackendFacts, Blind, Facts, YardFacts } from './domain/diagnosis/facts.ts';
import { withoutPrivate } from './domain/diagnosis/privacy.ts';
import { asLoopyardError, LoopyardError } from './domain/errors.ts';
import { nearest } from './domain/nearest.ts';
import { names, variableOf } from './domain/settings/settings.ts';
import type { Yard } from './domain/yard.ts';
import { clientFacts } from './edges/cli/doctor/clients.ts';
import type { DoctorWorld } from './edges/cli/doctor/world.ts';
import type { InitWorld } from './edges/cli/init/world.ts';
import type { Front } from './edges/front.ts';
import { isInside } from './inside.ts';
import type { ToolRuntime } from './tools/define.ts';

/** How long doctor counts bytes, milliseconds. */
const countingMs = 1_500;

/**
 * Puts together what doctor looks at. Nothing here may need a yard that opens: git may be missing, the configuration
 * wrong, the journal damaged, and each costs only what it would have told.
 */
export async function openDoctorWorld(
  front: Pick<Front, 'version' | 'env' | 'cwd' | 'home' | 'open'>,
  workspace: string | undefined,
  openClients: (project: string | undefined) => Promise<InitWorld>,
): Promise<DoctorWorld> {
  const { env } = front;
  const cwd = path.resolve(front.cwd, workspace ?? (env.LOOPYARD_WORKSPACE || '.'));
  const { commonDir, top } = repositoryAbove(cwd);
  const settings = () => readSettings({ env, commonDir });
  const ground = () =>
    commonDir === undefined ? undefined : yardToLookAt(commonDir, settings().config, env);

  return {
    inside: isInside(env),
    async look(progress) {
      const [wall, steady] = [Date.now(), performance.now()];
      const blind: Blind[] = [];
      const attempt = async <T>(what: string, work: () => T | Promise<T>): Promise<T | undefined> => {
        progress(`looking at ${what} …`);
        try {
          return await work();
        } catch (thrown) {
          blind.push({ what, because: asLoopyardError(thrown).message });
          return undefined;
        }
      };
      const here = await attempt('the repository', ground);
      if (!here) blind.push({ what: 'the yard', because: `${cwd} is not in a git repository.` });
      const mayGoOn = () => performance.now() < steady + countingMs;
      const [machine, git, disk, agents, opened, clients] = await Promise.all([
        machineFacts(env, here?.writable),
        gitFacts(env, commonDir),
        diskUse(here?.places ?? [], mayGoOn),
        agentsHere(front.home, env),
        attempt('the state directory', () => here?.state()),
        attempt('the clients', async () => clientFacts(await openClients(top))),
      ]);
      const yard = here && opened?.yard && (await yardFacts(here, opened.yard, attempt));
      return {
        version: front.version,
        machine: { ...machine, clockJumpMs: Date.now() - wall - (performance.now() - steady) },
        git,
        repository: top,
        state: opened?.facts,
        yard,
        backends: agents,
        clients: clients ?? { entries: [], without: [] },
        settings: settings(),
        strangeVariables: strangeVariables(env),
        disk,
        blind,
      };
    },
    async mend(fix) {
      if (fix.do === 'wake_keeper') {
        return wokenKeeper((await front.open(cwd, 'cli')).runtime);
      }
      return (await ground()?.mend(fix)) ?? 'Not done: the repository is gone.';
    },
    history: async () => (await ground()?.history()) ?? { events: {}, log: [] },
    redact: withoutPrivate({
      home: front.home,
      user: os.userInfo().username,
      host: os.hostname(),
      repository: top,
      env,
    }),
    save(file, text) {
      try {
        writeFileSync(path.resolve(front.cwd, file), text, { flag: 'wx', mode: 0o600 });
      } catch (cause) {
        const code = errno(cause) ?? 'unknown';
        const because = code === 'EEXIST' ? 'is there already' : `cannot be written (${code})`;
        throw new LoopyardError('INVALID_ARGUMENT', `"--bundle": ${file} ${because}.`, {}, { cause });
      }
    },
  };
}

/** How long a keeper that was started is given to be at work, milliseconds. */
const patienceMs = 4_000;

async function wokenKeeper(rt: ToolRuntime): Promise<string> {
  await rt.wakeKeeper();
  for (const until = performance.now() + patienceMs; performance.now() < until; await rt.clock.sleep(50)) {
    if (hasKeeper(await rt.store.read(), rt)) return 'A keeper was started.';
  }
  return 'A keeper was started and is not at work yet; loopyard keeper --log says why if it never is.';
}

type Attempt = <T>(what: string, work: () => T | Promise<T>) => Promise<T | undefined>;

async function yardFacts(here: YardToLookAt, yard: Yard, attempt: Attempt): Promise<YardFacts | undefined> {
  const facts = await attempt('the yard', () => here.facts(yard));
  const leftovers = await attempt('leftovers', () => here.leftovers(yard));
  return facts && { ...facts, leftovers: leftovers ?? [] };
}

/** Names somebody meant as a setting: close to one, and no other variable of ours. */
function strangeVariables(env: Front['env']): Facts['strangeVariables'] {
  const known = names.map(variableOf);
  return Object.keys(env).flatMap((name) => {
    if (!name.startsWith('LOOPYARD_') || known.includes(name) || ownVariables.has(name)) return [];
    const match = nearest(name, known);
    return match ? [{ name, nearest: match }] : [];
  });
}

const ownVariables = new Set(
  ['CONFIG', 'FLAGS', 'WORKSPACE', 'LOOP', 'WORKER', 'ITERATION', 'DEPTH', 'CONTEXT', 'PROMPT_FILE'].map(
    (name) => `LOOPYARD_${name}`,
  ),
);

/** The programs that can be workers, as doctor tells of them. */
async function agentsHere(home: string, env: NodeJS.ProcessEnv): Promise<readonly BackendFacts[]> {
  const known = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  const found = await discoverBackends({
    backends: new Map(backends.map((backend) => [backend.id, backend])),
    programs: openPrograms(home),
    env: Object.fromEntries(known),
  });
  const told = { yes: 'ok', no: 'missing', perhaps: 'unknown', unknown: 'unknown' } as const;
  return found.map(({ id, title, program, version, login, trouble }) => ({
    id,
    title,
    program,
    version,
    login: told[login],
    ...(trouble === undefined ? {} : { trouble }),
  }));
}
