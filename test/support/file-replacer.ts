import { readFileSync } from 'node:fs';
import { replaceConfigFile } from '../../src/adapters/init/config-files.ts';

/** A process that replaces a file by one of two texts for ever, until somebody kills it. */
const [file = '', one = '', other = ''] = process.argv.slice(2);
const texts = [readFileSync(one, 'utf8'), readFileSync(other, 'utf8')];
process.stdout.write('ready\n');
for (let turn = 0; ; turn += 1) replaceConfigFile(file, readFileSync(file, 'utf8'), texts[turn % 2]);
