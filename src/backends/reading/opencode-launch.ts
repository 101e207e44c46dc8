import { join } from 'node:path';
import type { Launch, WorkOrder } from '../../ports/backend.ts';
import { serverName, when } from './mcp.ts';

/**
 * How `opencode run` and its relatives are started. Their configuration for one run is text in a variable, and it goes
 * before the project's: it puts the worker's server in the place of a `loopyard` entry, and says what needs no asking.
 * What would still ask is refused by the program at once.
 */
export function launchOpencode(
  program: string,
  configuration: string,
  { worktree, context, model, server, permissions = 'work', resume }: WorkOrder,
): Launch {
  const inside = { [join(context, '*')]: 'allow', [join(context, '**')]: 'allow' };
  const rules = {
    read_only: { edit: 'deny', bash: 'deny', task: 'deny', webfetch: 'deny', external_directory: inside },
    work: { edit: 'allow', bash: 'allow', external_directory: inside },
    skip_all: undefined,
  }[permissions];
  const config = {
    autoupdate: false,
    share: 'disabled',
    ...(rules ? { permission: rules } : {}),
    mcp: {
      [serverName]: {
        type: 'local',
        command: [server.command, ...server.args],
        environment: server.env,
        enabled: true,
      },
    },
  };
  return {
    argv: [
      program,
      ...['run', '--format', 'json', '--dir', worktree],
      ...when(model, '-m', model ?? ''),
      ...when(resume, '-s', resume ?? ''),
      ...when(permissions === 'skip_all', '--auto'),
    ],
    env: { [configuration]: JSON.stringify(config) },
    promptOnStdin: true,
  };
}
