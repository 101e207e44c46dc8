import type { Backend } from '../ports/backend.ts';
import { backend as claude } from './claude.ts';
import { backend as codex } from './codex.ts';
import { backend as command } from './command.ts';
import { backend as copilot } from './copilot.ts';
import { backend as gemini } from './gemini.ts';
import { backend as kilo } from './kilo.ts';
import { backend as opencode } from './opencode.ts';
import { backend as qwen } from './qwen.ts';

/** Every worker backend, in the order of the documentation. A test holds this list and the folder equal. */
export const backends: readonly Backend[] = [claude, codex, gemini, kilo, opencode, qwen, copilot, command];
