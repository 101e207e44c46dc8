import * as z from 'zod';
import type { Fact } from '../domain/worker/run.ts';
import type { Backend } from '../ports/backend.ts';
import { fatal } from './reading/failure.ts';
import { lenient } from './reading/json.ts';
import { readJson } from './reading/json-reader.ts';
import { when } from './reading/mcp.ts';

/**
 * Factory Droid, headless; written from its documentation and its help. The project's loopyard server is left out.
 */
export const backend: Backend = {
  id: 'droid',
  title: 'Factory Droid',
  family: 'any',
  probe: ['droid', '--version'],
  install: 'npm install -g droid',
  tried: undefined,
  clients: ['droid', 'factory-cli', 'factory-droid'],
  login: {
    variables: ['FACTORY_API_KEY'],
    files: [{ folder: '.factory', name: 'auth.json' }],
    perhaps: [{ folder: '.factory', name: 'settings.json' }],
    how: 'run droid and log in, or set FACTORY_API_KEY',
  },
  permissions: {
    read_only: 'no --auto: commands and tools that only look',
    work: '--auto medium: edits and commands whose effect can be undone; pushes and the like are refused',
    skip_all: '--skip-permissions-unsafe: everything',
  },
  tools: false,
  usage: 'none',
  resumes: true,
  nudges: false,
  env: ['FACTORY_API_KEY', 'FACTORY_HOME_OVERRIDE'],
  launch({ promptFile, worktree, model, permissions = 'work', resume }) {
    return {
      argv: [
        ...(['droid', 'exec', '-o', 'stream-json', '--cwd', worktree, '-f', promptFile] as const),
        ...modes[permissions],
        ...['--remove-tools', 'MCP:loopyard'],
        ...when(resume, '-s', resume ?? ''),
        ...when(model, '-m', model ?? ''),
      ],
      promptOnStdin: false,
    };
  },
  reader(now) {
    let session: string | undefined;
    let said = '';
    return readJson(now, (event) => {
      const { success, data } = Event.safeParse(event);
      if (!success) return [];
      const facts: Fact[] = [];
      if (data.session_id && data.session_id !== session) {
        session = data.session_id;
        facts.push({ type: 'session', id: session });
      }
      switch (data.type) {
        case 'system':
          return facts;
        case 'message':
          if (data.role !== 'assistant' || !data.text) return facts;
          said = data.text;
          return [...facts, { type: 'said', text: said }];
        case 'tool_call':
          return [...facts, { type: 'tool', name: data.toolName ?? 'tool' }];
        case 'completion':
          return [...facts, { type: 'finished', text: data.finalText ?? said }];
        case 'error':
          return [...facts, fatal(data.message ?? 'It failed without a word.', now())];
        case 'result':
          if (data.is_error) return [...facts, fatal(data.result ?? 'It failed without a word.', now())];
          return [...facts, { type: 'finished', text: data.result ?? said }];
      }
    });
  },
};

const modes = {
  read_only: [],
  work: ['--auto', 'medium'],
  skip_all: ['--skip-permissions-unsafe'],
} as const;

const session_id = lenient(z.string());
const Event = z.discriminatedUnion('type', [
  z.object({ type: z.literal('system'), session_id, subtype: z.literal('init') }),
  z.object({ type: z.literal('message'), session_id, role: z.string(), text: lenient(z.string()) }),
  z.object({ type: z.literal('tool_call'), session_id, toolName: lenient(z.string()), id: z.string() }),
  z.object({ type: z.literal('completion'), session_id, finalText: lenient(z.string()) }),
  z.object({ type: z.literal('error'), session_id, source: z.string(), message: lenient(z.string()) }),
  z.object({
    type: z.literal('result'),
    session_id,
    is_error: z.boolean(),
    result: lenient(z.string()),
  }),
]);
