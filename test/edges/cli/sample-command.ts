import { run } from '../../../src/edges/cli/run.ts';
import { processTerminal } from '../../../src/edges/cli/terminal.ts';
import { sampleFront } from '../../support/sample-tools.ts';

const front = { ...sampleFront((line) => process.stderr.write(`log: ${line}\n`)), extras: [] };
setInterval(() => {}, 1_000); // as a watcher of the store would
process.exit(await run(front, process.argv.slice(2), processTerminal()));
