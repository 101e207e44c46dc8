import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { keeper } from '../../../src/edges/cli/keeper.ts';
import type { Terminal } from '../../../src/edges/cli/terminal.ts';
import type { ToolRuntime } from '../../../src/tools/define.ts';
import { temporaryFolder } from '../../support/real-processes.ts';

test('the log is for people, and with --json what any program reads', async () => {
  const file = path.join(temporaryFolder(), 'loopyard.log');
  writeFileSync(
    file,
    '{"time":"t","level":40,"process":"keeper","pid":1,"msg":"hm","run":"r"}\nhalf a \u001b[31mline\n',
  );
  const printed = async (json: boolean) => {
    let text = '';
    const write = (more: string) => {
      text += more;
    };
    const stdout = { isTTY: false, write };
    const line = { log: true, json, workspace: undefined };
    expect(await keeper({} as ToolRuntime, line, file, { stdout } as unknown as Terminal)).toBe(0);
    return text;
  };
  expect(await printed(false)).toBe('t WARN  keeper: hm {"run":"r"}\nhalf a line\n');
  expect(JSON.parse(await printed(true))).toEqual({
    log: [{ time: 't', level: 40, process: 'keeper', pid: 1, msg: 'hm', run: 'r' }, 'half a line'],
  });
});
