import { openRedactor } from '../../domain/redaction.ts';

/** Milliseconds after which a prompt without a line break is shown. */
const patienceMs = 250;

/**
 * A stream of bytes on its way to a disk, without what must not get there. Bytes are passed as one character each, so
 * that whatever is no text comes out as it went in.
 */
export function openRedactedStream(
  secrets: readonly string[],
  onBytes: (chunk: Buffer) => void,
): { write(chunk: Uint8Array): void; end(): void } {
  const redactor = openRedactor(secrets.map((secret) => Buffer.from(secret).toString('latin1')));
  let waiting: NodeJS.Timeout | undefined;
  const show = (text: string) => {
    if (text.length > 0) onBytes(Buffer.from(text, 'latin1'));
  };
  return {
    write(chunk) {
      clearTimeout(waiting);
      show(redactor.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1')));
      waiting = setTimeout(() => show(redactor.pause()), patienceMs).unref();
    },
    end() {
      clearTimeout(waiting);
      show(redactor.end());
    },
  };
}
