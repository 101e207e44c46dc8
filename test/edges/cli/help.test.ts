import { describe, expect, test } from 'vitest';
import { extras } from '../../../src/commands.ts';
import { argvFrom } from '../../../src/core/argv.ts';
import { type Order, programOf } from '../../../src/edges/cli/program.ts';
import { paintFor } from '../../../src/edges/cli/render.ts';
import { tableFor } from '../../../src/edges/cli/table.ts';
import type { Terminal } from '../../../src/edges/cli/terminal.ts';
import { tools } from '../../../src/tools/index.ts';
import { fieldsOf } from '../../../src/tools/input-fields.ts';
import { sampleFront } from '../../support/sample-tools.ts';

const front = { ...sampleFront(() => undefined), tools, extras: extras(sampleFront(() => undefined)) };
const commands = [...tools, ...front.extras].flatMap(({ cli, ...face }) => (cli ? [{ ...face, cli }] : []));

describe.each(commands.map((command) => [command.cli.path, command] as const))(
  'loopyard %s --help',
  (path, command) => {
    test('is sentences, a word for every flag, and an example', async () => {
      const { printed } = await understood(`${path} --help`);
      expect(command.description).toMatch(/^[A-Z].*\.$/s);
      expect(printed).toContain(`Usage: loopyard ${path} `);
      for (const { name, schema } of fieldsOf(command.input)) {
        expect(schema.description, name).toMatch(/\w/);
        if (name !== 'workspace')
          expect(printed.replace(/\s+/g, ' '), name).toContain(schema.description?.replace(/\s+/g, ' '));
      }
      expect(command.cli.examples.length).toBeGreaterThan(0);
    });

    test.each(command.cli.examples)('has an example that is understood: %s', async (example) => {
      const { order } = await understood(example);
      const found = order && ('tool' in order ? order.tool : order.extra);
      expect(found?.cli?.path).toBe(path);
      expect(command.input.safeParse(order?.input)).toMatchObject({ success: true });
    });
  },
);

async function understood(line: string): Promise<{ order: Order | undefined; printed: string }> {
  let printed = '';
  const output = {
    isTTY: false,
    write: (text: string) => {
      printed += text;
    },
  };
  const terminal = { stdout: output, stderr: output, columns: 500, color: false } as unknown as Terminal;
  let order: Order | undefined;
  const argv = argvFrom(line, 'The example');
  const paint = paintFor(terminal, await tableFor(terminal));
  const program = programOf(front, terminal, paint, argv, (taken) => {
    order = taken;
  });
  try {
    program.parse(argv, { from: 'user' });
  } catch (thrown) {
    if ((thrown as { code?: string }).code !== 'commander.helpDisplayed') throw thrown;
  }
  return { order, printed };
}
