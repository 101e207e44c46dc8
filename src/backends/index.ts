import type { Backend } from '../ports/backend.ts';
import { backend as claude } from './claude.ts';
import { backend as command } from './command.ts';

/** Every worker backend, in the order of the documentation. A test holds this list and the folder equal. */
export const backends: readonly Backend[] = [claude, command];
