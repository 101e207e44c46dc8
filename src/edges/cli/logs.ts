import type { ToolRuntime } from '../../tools/define.ts';
import { printedBy } from '../../tools/whole-log.ts';
import type { Line } from './extra.ts';
import type { logsFace } from './faces.ts';
import type { Terminal } from './terminal.ts';

export async function logs(
  rt: ToolRuntime,
  line: Line<typeof logsFace>,
  { stdout, signal }: Terminal,
): Promise<number> {
  for await (const text of printedBy(rt, line.loop, line, signal)) stdout.write(text);
  signal.throwIfAborted();
  return 0;
}
