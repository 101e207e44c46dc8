import { constants } from 'node:os';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { ServerFront } from '../front.ts';
import { Desk, type Post } from './desk.ts';
import { type EndingSignal, type Host, processHost } from './host.ts';
import { LineTransport, MAX_LINE, type WireEnd } from './line-transport.ts';
import { toolServer } from './tool-server.ts';

export interface ServeOptions extends Post {
  /** The process by default. */
  readonly host?: Host;
}

type Ending = WireEnd | EndingSignal | 'parent_gone';

const PARENT_POLL_MS = 500;
const LAST_ANSWERS_MS = 800;
const LAST_BYTES_MS = 400;

/**
 * Serves one client over standard input and output until it leaves, and resolves with the exit code; the caller then
 * ends the process, because stores and watchers may hold it open.
 *
 * Whatever ends the conversation (end of input, output nobody reads, a signal, the death of the parent, an endless
 * line) ends it once, the first reason counting. Calls under way are asked to stop, what was read is answered if that
 * is quick, what was sent is flushed; all of it takes less than the 2 s after which clients shoot. Loops are not
 * concerned: they are records and processes of their own, and the next session finds them.
 */
export function serve(front: ServerFront, options: ServeOptions): Promise<number> {
  const host = options.host ?? processHost();
  return new Promise((resolve) => {
    let ending: Ending | undefined;
    const desk = new Desk(front, options, host.log);

    const close = async (reason: Ending): Promise<void> => {
      if (ending !== undefined) return;
      ending = reason;
      stopWatching();
      const told = farewell(reason);
      if (told) host.log(told);
      wire.stopReading();
      desk.abort();
      const heard = reason !== 'output_lost';
      if (heard) await within(LAST_ANSWERS_MS, wire.answered());
      await within(LAST_BYTES_MS, connection.close());
      if (heard) await within(LAST_BYTES_MS, wire.drained());
      resolve(exitCode(reason));
    };

    const stopWatching = watch(host, close);
    const wire = new LineTransport(host.input, host.output, close);
    const connection = serveStdio(() => toolServer(front, desk), {
      transport: wire,
      onerror: (error) => host.log(error.message),
    });
  });
}

/** Signals, and a parent that died without closing our input, as a killed wrapper does. */
function watch(host: Host, close: (reason: Ending) => void): () => void {
  const parent = host.parent();
  const poll = setInterval(() => {
    if (host.parent() !== parent) close('parent_gone');
  }, PARENT_POLL_MS).unref();
  const forget = host.onSignal(close);
  return () => {
    clearInterval(poll);
    forget();
  };
}

function farewell(reason: Ending): string | undefined {
  switch (reason) {
    case 'line_too_long':
      return `closing: a message had more than ${MAX_LINE} characters without an end of line`;
    case 'parent_gone':
      return 'closing: the process that started this server is gone';
    case 'output_lost':
    case 'input_ended':
    case 'SIGTERM':
    case 'SIGINT':
    case 'SIGHUP':
      return undefined;
  }
}

function exitCode(reason: Ending): number {
  switch (reason) {
    case 'input_ended':
    case 'output_lost':
    case 'parent_gone':
      return 0;
    case 'line_too_long':
      return 2;
    case 'SIGTERM':
    case 'SIGINT':
    case 'SIGHUP':
      return 128 + constants.signals[reason];
  }
}

/** Waits for something, but not longer than given; how it ended does not matter any more. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => {}), limit]);
  clearTimeout(timer);
}
