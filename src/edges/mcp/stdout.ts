import { Writable } from 'node:stream';

let claimed: Writable | undefined;

/**
 * Takes standard output for the protocol: what anybody else writes there from now on, `console.log` included, goes to
 * standard error, where a client keeps it as a log. Call it before anything else is loaded; a second call answers the
 * same stream. A client that leaves takes both pipes with it, so errors on them end the stream and not the process.
 */
export function claimStdout(): Writable {
  if (claimed) return claimed;
  const { stdout, stderr } = process;
  const write = stdout.write.bind(stdout);
  claimed = new Writable({
    decodeStrings: false,
    write: (text: string, _encoding, done) => {
      write(text, (error) => done(error));
    },
  });
  const channel = claimed;
  channel.on('error', () => {}); // whoever serves listens too; before that nothing is lost
  stdout.on('error', (error) => channel.destroy(error));
  stderr.on('error', () => {});
  stdout.write = stderr.write.bind(stderr);
  return claimed;
}
