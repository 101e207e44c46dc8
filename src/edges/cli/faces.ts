import * as z from 'zod';
import * as field from '../../tools/fields.ts';
import type { Face } from './extra.ts';

/** The commands that are no tools, as they are typed and explained. Light, because every line that is typed loads it. */

export const launchers = ['auto', 'node', 'bin', 'npx'] as const;
export type Launcher = (typeof launchers)[number];

const yes = z.boolean().default(false).meta({ short: 'y' });

export const initFace = {
  description: 'Connect the AI clients you use to loopyard; --remove takes it out.',
  input: z.strictObject({
    platforms: z.array(z.string()).optional().describe('only these clients, a comma between them; or all'),
    all_detected: z.boolean().default(false).describe('all clients found here, without asking which'),
    scope: z.enum(['project', 'user']).optional().describe('for this repository, or for all of yours'),
    launcher: z.enum(launchers).default('auto').describe('how clients start loopyard'),
    yes: yes.describe('write without asking'),
    dry_run: z.boolean().default(false).describe('write nothing, show what would be written'),
    diff: z.boolean().default(false).describe('show every line that changes'),
    remove: z.boolean().default(false).describe('take out exactly what was put in'),
    checks: z.boolean().default(true).describe('propose a loopyard.json with the checks found here'),
    verify: z.boolean().default(true).describe('start the server as the clients would'),
  }),
  cli: {
    path: 'init',
    note: 'Every change is shown before it is written, and every foreign byte stays.',
    examples: ['init', 'init --platform claude-code,codex --scope user --yes', 'init --remove --dry-run'],
  },
} satisfies Face;

export const platformsFace = {
  description: 'The AI clients init knows: found here, configured, tried.',
  input: z.strictObject({}),
  cli: { path: 'platforms', examples: ['platforms', 'platforms --json'] },
} satisfies Face;

export const doctorFace = {
  description: 'Look at everything loopyard stands on and say what is wrong; --fix mends what is safe.',
  input: z.strictObject({
    fix: z.boolean().default(false).describe("mend what cannot cost anybody's work"),
    bundle: z
      .string()
      .optional()
      .describe('write a report for an issue into this file, without anything private'),
  }),
  cli: {
    path: 'doctor',
    note: 'Ends with 4 when something is a problem.',
    examples: ['doctor', 'doctor --fix', 'doctor --bundle report.json'],
  },
} satisfies Face;

export const configFace = {
  description: 'The settings, where each comes from, and what is wrong with them.',
  input: z.strictObject({ key: z.string().optional().describe('a setting, to read all about it') }),
  cli: {
    path: 'config',
    positional: ['key'],
    note: 'config set changes one.',
    examples: ['config', 'config max_loops', 'config --json'],
  },
} satisfies Face;

export const configSetFace = {
  description: 'Set one setting in your own file.',
  input: z.strictObject({
    key: z.string().describe('the setting'),
    value: z.string().describe('text, a number, or JSON'),
    project: z.boolean().default(false).describe("in the repository's loopyard.json instead"),
  }),
  cli: {
    path: 'config set',
    positional: ['key', 'value'],
    examples: ['config set max_loops 8', 'config set checks \'{"test": "npm test"}\' --project'],
  },
} satisfies Face;

export const trustFace = {
  description: "Read and accept what this repository's loopyard.json would run.",
  input: z.strictObject({
    yes: yes.describe('accept it without being asked'),
    revoke: z.boolean().default(false).describe('trust it no more'),
    list: z.boolean().default(false).describe('show what is trusted, in all repositories'),
  }),
  cli: {
    path: 'trust',
    note: 'Any change of the file asks again.',
    examples: ['trust', 'trust --list', 'trust --revoke'],
  },
} satisfies Face;

export const logsFace = {
  description: 'Print all that the newest worker of a loop did, readable, and with --follow what comes.',
  input: z.strictObject({
    loop: field.loopId,
    follow: z.boolean().default(false).describe('go on until the loop has ended').meta({ short: 'f' }),
    raw: z.boolean().default(false).describe('as its program printed it'),
  }),
  cli: {
    path: 'logs',
    positional: ['loop'],
    note: 'For one page of it, an earlier worker or a check: loopyard log.',
    examples: ['logs fix-date-parser-7k2m --follow'],
  },
} satisfies Face;

export const attachFace = {
  description: "Open a shell in a loop's worktree.",
  input: z.strictObject({ loop: field.loopId }),
  cli: {
    path: 'attach',
    positional: ['loop'],
    note: 'It is your shell (SHELL), and leaving it changes nothing.',
    examples: ['attach fix-date-parser-7k2m'],
  },
} satisfies Face;

export const keeperFace = {
  description: 'Who acts for this yard, and what it logged.',
  input: z.strictObject({ log: z.boolean().default(false).describe('the newest lines of the log instead') }),
  cli: { path: 'keeper', examples: ['keeper', 'keeper --log'] },
} satisfies Face;

export const mcpFace = {
  description: 'Serve MCP over standard input and output (started by clients).',
  input: z.strictObject({}),
  cli: { path: 'mcp', examples: ['mcp --workspace /home/me/calc'] },
} satisfies Face;
