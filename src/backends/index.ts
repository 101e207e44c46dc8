import type { Backend } from '../ports/backend.ts';
import { backend as amp } from './amp.ts';
import { backend as antigravity } from './antigravity.ts';
import { backend as claude } from './claude.ts';
import { backend as cline } from './cline.ts';
import { backend as codex } from './codex.ts';
import { backend as command } from './command.ts';
import { backend as continueCli } from './continue.ts';
import { backend as copilot } from './copilot.ts';
import { backend as crush } from './crush.ts';
import { backend as cursor } from './cursor.ts';
import { backend as droid } from './droid.ts';
import { backend as gemini } from './gemini.ts';
import { backend as goose } from './goose.ts';
import { backend as kilo } from './kilo.ts';
import { backend as kiro } from './kiro.ts';
import { backend as opencode } from './opencode.ts';
import { backend as pi } from './pi.ts';
import { backend as qwen } from './qwen.ts';

/**
 * Every worker backend, in the order of the documentation and, where nobody prefers anything, of the choice. A test holds
 * this list and the folder equal.
 */
export const backends: readonly Backend[] = [
  claude,
  codex,
  opencode,
  gemini,
  qwen,
  copilot,
  kilo,
  cursor,
  cline,
  droid,
  pi,
  continueCli,
  amp,
  goose,
  antigravity,
  kiro,
  crush,
  command,
];
