import type { Permissions } from '../../domain/worker/run.ts';
import type { Backend } from '../../ports/backend.ts';

/**
 * Why a backend cannot be started in a permission mode, in a sentence; undefined when it can. A mode that is not there is
 * never replaced: a narrower one would fail at the work, and a wider one was not allowed.
 */
export function whyNotIn({ id, permissions }: Backend, mode: Permissions): string | undefined {
  if (permissions[mode] !== undefined) return undefined;
  const modes = Object.keys(permissions).join(', ');
  return `The backend ${id} has no permission mode ${mode}, only: ${modes}.`;
}
