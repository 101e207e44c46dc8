import { join } from 'node:path';
import type { Launch, WorkOrder } from '../../ports/backend.ts';
import { serverName, when } from './mcp.ts';

/**
 * How `opencode run` and its relatives are started. Their configuration for one run is text in a variable, and it goes
 * before the project's: it puts the worker's server in the place of a `loopyard` entry, and says what is allowed.
 */
export function launchOpencode(
  program: string,
  configuration: string,
  { worktree, context, model, server, permissions = 'work', resume }: WorkOrder,
): Launch {
  // The last rule that fits decides. What is denied is told to the model, which goes on; what asks would end the run.
  const places = { external_directory: { '*': 'deny', [join(context, '*')]: 'allow' }, doom_loop: 'deny' };
  const rules = {
    read_only: { edit: 'deny', bash: 'deny', task: 'deny', webfetch: 'deny', ...places },
    work: { edit: 'allow', bash: 'allow', ...places },
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
      // Its events are silent while it tries again; its log is not.
      ...['--print-logs', '--log-level', 'ERROR'],
      ...when(model, '-m', model ?? ''),
      ...when(resume, '-s', resume ?? ''),
      ...when(permissions === 'skip_all', '--auto'),
    ],
    env: { [configuration]: JSON.stringify(config) },
    promptOnStdin: true,
  };
}
