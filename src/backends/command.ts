import { LoopyardError } from '../domain/errors.ts';
import type { Backend } from '../ports/backend.ts';

/**
 * Any program as a worker: the argument vector the user gave, run as it is, without a shell. The prompt comes on standard
 * input, and its file is named by LOOPYARD_PROMPT_FILE, which every worker gets. What the program prints is kept as
 * output and never interpreted: its usage stays unknown, and its exit code says how it ended.
 */
export const backend: Backend = {
  id: 'command',
  title: 'Any command',
  family: 'any',
  probe: undefined,
  install: 'name the program in "command"',
  tried: 'with scripts',
  clients: [],
  login: undefined,
  permissions: { work: 'whatever the program does', skip_all: 'the same' },
  tools: false,
  usage: 'none',
  tellsAtEnd: true,
  resumes: false,
  nudges: false,
  env: [],
  launch({ command }) {
    const [program, ...args] = command ?? [];
    if (!program) {
      throw new LoopyardError('INVALID_ARGUMENT', 'The backend "command" was given no command to run.');
    }
    return { argv: [program, ...args], promptOnStdin: true };
  },
  reader: () => ({ line: () => [] }),
};
