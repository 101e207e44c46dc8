import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';

export interface Battle {
  readonly program: string;
  readonly args: readonly string[];
  readonly witness: string;
  readonly processes: number;
  readonly seconds: number;
  /** Mean milliseconds between two blows; none without. */
  readonly everyMs?: number;
}

export interface Blows {
  readonly kills: number;
  readonly freezes: number;
}

/** Runs many hammers for a time, and kills and freezes them: half of the blows are aimed at one at work. */
export async function fight({ program, args, witness, processes, seconds, everyMs }: Battle): Promise<Blows> {
  const stop = `${witness}.stop`;
  const alive = new Set<ChildProcess>();
  const ends: Promise<void>[] = [];
  let kills = 0;
  let freezes = 0;
  const start = () => {
    const child = spawn(process.execPath, [program, ...args, stop], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    alive.add(child);
    ends.push(
      new Promise((resolve) => {
        child.once('exit', () => {
          alive.delete(child);
          resolve();
        });
      }),
    );
  };
  for (let index = 0; index < processes; index += 1) start();
  const deadline = Date.now() + 60_000;
  while (atWorkEver(witness) < processes && Date.now() < deadline) await pause(20);
  const until = Date.now() + seconds * 1_000;

  const frozen = new Set<ChildProcess>();
  while (Date.now() < until) {
    await pause((everyMs ?? 100) * (0.5 + Math.random()));
    if (everyMs === undefined) continue;
    const awake = [...alive].filter((child) => !frozen.has(child));
    const victim =
      (Math.random() < 0.5 && atWork(awake, witness)) || awake[Math.floor(Math.random() * awake.length)];
    if (!victim) continue;
    if (Math.random() < 0.6) {
      victim.kill('SIGKILL');
      // Only now is it certain that it acts no more.
      await new Promise((resolve) =>
        victim.exitCode === null && victim.signalCode === null ? victim.once('exit', resolve) : resolve(0),
      );
      appendFileSync(witness, `${process.hrtime.bigint()} ${victim.pid} - killed \n`);
      kills += 1;
      start();
    } else {
      victim.kill('SIGSTOP');
      frozen.add(victim);
      freezes += 1;
      setTimeout(
        () => {
          victim.kill('SIGCONT');
          frozen.delete(victim);
        },
        50 + Math.random() * 900,
      );
    }
  }
  writeFileSync(stop, '');
  await Promise.all(ends);
  return { kills, freezes };
}

/** How many processes were answered at least once: the time starts when all are at work. */
function atWorkEver(witness: string): number {
  if (!existsSync(witness)) return 0;
  const lines = readFileSync(witness, 'utf8').split('\n');
  return new Set(lines.filter((line) => line.includes(' ack ')).map((line) => line.split(' ')[1])).size;
}

/** The process whose newest line says that it called and was not answered yet. */
function atWork(awake: readonly ChildProcess[], witness: string): ChildProcess | undefined {
  if (!existsSync(witness)) return undefined;
  const lines = readFileSync(witness, 'utf8').split('\n').slice(-200, -1);
  const last = new Map(lines.map((line) => line.split(' ')).map(([, pid, , what]) => [pid, what]));
  return awake.find((child) => last.get(String(child.pid)) === 'call');
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
