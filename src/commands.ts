import path from 'node:path';
import { logFile } from './adapters/log.ts';
import { LoopyardError } from './domain/errors.ts';
import { type Extra, extraOf, type Line } from './edges/cli/extra.ts';
import {
  attachFace,
  configFace,
  configSetFace,
  doctorFace,
  initFace,
  keeperFace,
  logsFace,
  mcpFace,
  platformsFace,
  trustFace,
} from './edges/cli/faces.ts';
import type { Terminal } from './edges/cli/terminal.ts';
import type { Front } from './edges/front.ts';
import { isInside } from './inside.ts';

/** What these commands need of the front: how to open a yard, from where, and what init writes of it. */
type Doors = Pick<Front, 'open' | 'env' | 'cwd' | 'home' | 'version' | 'instructions'>;

/** Commands that need a terminal or a process of their own, each with what it needs of the machine, loaded when typed. */
export function extras(front: Doors): readonly Extra[] {
  const yardAt = async ({ workspace }: { workspace: string | undefined }) => {
    const place = workspace ?? (front.env.LOOPYARD_WORKSPACE || '.');
    return (await front.open(path.resolve(front.cwd, place), 'cli')).runtime;
  };
  return [
    extraOf(initFace, (line, terminal) => init(front, line, terminal)),
    extraOf(platformsFace, async (line, terminal) => {
      const [{ platforms }, clients] = await Promise.all([
        import('./edges/cli/init/platforms.ts'),
        clientWorlds(front),
      ]);
      return platforms((workspace) => clients.at(workspace, false), line, terminal);
    }),
    extraOf(doctorFace, async (line, terminal) => {
      const [{ doctor }, { openDoctorWorld }] = await Promise.all([
        import('./edges/cli/doctor/doctor.ts'),
        import('./doctor-world.ts'),
      ]);
      const clients = async (project: string | undefined) => (await clientWorlds(front)).open(project, false);
      return doctor((workspace) => openDoctorWorld(front, workspace, clients), line, terminal);
    }),
    extraOf(configFace, async (line, terminal) => {
      const { config } = await import('./edges/cli/settings/config.ts');
      return config(settingsWorld(front, terminal), line, terminal);
    }),
    extraOf(configSetFace, async (line, terminal) => {
      const { setConfig } = await import('./edges/cli/settings/config.ts');
      return setConfig(settingsWorld(front, terminal), line, terminal);
    }),
    extraOf(trustFace, async (line, terminal) => {
      const { trust } = await import('./edges/cli/settings/trust.ts');
      return trust(settingsWorld(front, terminal), line, terminal);
    }),
    extraOf(logsFace, async (line, terminal) => {
      const { logs } = await import('./edges/cli/logs.ts');
      return logs(await yardAt(line), line, terminal);
    }),
    extraOf(attachFace, async (line) => {
      const { attach } = await import('./edges/cli/attach.ts');
      return attach(await yardAt(line), line, front.env);
    }),
    extraOf(keeperFace, async (line, terminal) => {
      const { keeper } = await import('./edges/cli/keeper.ts');
      const rt = await yardAt(line);
      return keeper(rt, line, logFile(rt.files.home), terminal);
    }),
    extraOf(mcpFace, async () => {
      throw new LoopyardError('INVALID_ARGUMENT', 'Say it like this: loopyard mcp [--workspace <path>]');
    }),
  ];
}

async function init(front: Doors, line: Line<typeof initFace>, terminal: Terminal): Promise<number> {
  if (isInside(front.env)) {
    throw new LoopyardError('NOT_ALLOWED_HERE', 'A worker does not change how its clients are configured.');
  }
  const [command, clients] = await Promise.all([import('./edges/cli/init/init.ts'), clientWorlds(front)]);
  const interactive = process.stdin.isTTY === true && terminal.stdout.isTTY;
  return command.init((workspace) => clients.at(workspace, interactive), line, clients.platforms, terminal);
}

/** The clients that can be configured, and how to look at them on this machine. */
async function clientWorlds(front: Doors) {
  const [{ loadScaffolding, openInitWorld, projectAt }, { selfCommand }, { gitFinder }] = await Promise.all([
    import('./init-world.ts'),
    import('./open-yard.ts'),
    import('./adapters/git/finder.ts'),
  ]);
  const bin = selfCommand().args[0] ?? '';
  const scaffolding = loadScaffolding(path.join(path.dirname(bin), '..', 'scaffolding'));
  const open = (project: string | undefined, interactive: boolean) =>
    openInitWorld(front, { scaffolding, bin, project, interactive });
  return {
    platforms: scaffolding.platforms.map(({ id }) => id),
    open,
    async at(workspace: string | undefined, interactive: boolean) {
      const place = path.resolve(front.cwd, workspace ?? (front.env.LOOPYARD_WORKSPACE || '.'));
      return open(await projectAt(() => gitFinder({ env: front.env }).locate(place)), interactive);
    },
  };
}

function settingsWorld(front: Doors, terminal: Terminal) {
  return async (workspace: string | undefined) => {
    const { openSettingsWorld } = await import('./settings-world.ts');
    return openSettingsWorld(front, workspace, process.stdin.isTTY === true && terminal.stdout.isTTY);
  };
}
