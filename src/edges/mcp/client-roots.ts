import type { Server, ServerContext } from '@modelcontextprotocol/server';
import * as z from 'zod';

const PATIENCE_MS = 2_000;

/** Wider than the protocol's own: some clients have remote roots too, which must not spoil the local one. */
const Roots = z.object({ roots: z.array(z.object({ uri: z.string() })) });

/**
 * What a client says of its roots. Some declare them and never answer: they are waited for once, and not on every call.
 * An answer counts until the client tells of a change, if it said that it would.
 */
export class ClientRoots {
  #known: readonly string[] | undefined;

  forget(): void {
    this.#known = undefined;
  }

  async of(server: Server, context: ServerContext): Promise<readonly string[]> {
    if (this.#known) return this.#known;
    const answer = await ask(context);
    const tellsChanges = server.getClientCapabilities()?.roots?.listChanged === true;
    if (answer.isSilence || tellsChanges) this.#known = answer.roots;
    return answer.roots;
  }
}

async function ask({ mcpReq }: ServerContext): Promise<{ roots: readonly string[]; isSilence: boolean }> {
  try {
    const options = { timeout: PATIENCE_MS, signal: mcpReq.signal };
    const { roots } = await mcpReq.send({ method: 'roots/list' }, Roots, options);
    const uris = roots.map((root) => root.uri).filter((uri) => uri.startsWith('file:'));
    return { roots: uris, isSilence: false };
  } catch {
    // A request that was taken back says nothing about the client.
    return { roots: [], isSilence: !mcpReq.signal.aborted };
  }
}
