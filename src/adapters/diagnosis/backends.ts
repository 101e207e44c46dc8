import type { BackendFacts } from '../../domain/diagnosis/facts.ts';
import type { Backend } from '../../ports/backend.ts';
import { which } from '../processes/which.ts';
import { printed } from './machine.ts';

/** Which programs that can be workers are here, by asking each for its version. */
export async function backendFacts(
  backends: readonly Pick<Backend, 'id' | 'title' | 'probe'>[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly BackendFacts[]> {
  const probed = backends.map(async ({ id, title, probe }): Promise<BackendFacts[]> => {
    if (!probe) return [];
    const program = await which(probe[0], env);
    const said = program && (await printed(program, probe.slice(1), env));
    return [{ id, title, program, version: said ? said.trim().split('\n')[0]?.slice(0, 60) : undefined }];
  });
  return (await Promise.all(probed)).flat();
}
