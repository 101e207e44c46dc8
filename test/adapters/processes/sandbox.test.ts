import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openProcesses } from '../../../src/adapters/processes/processes.ts';
import type { RunSpec, Sandbox } from '../../../src/ports/processes.ts';
import { agent, aRealWorld, aTag, processesWith, realClock, running } from '../../support/real-processes.ts';

const never = new AbortController().signal;
const path_ = process.env.PATH ?? '';
const state = await openProcesses({
  runsDir: path.join(tmpdir(), 'never-made'),
  shimArgv: [process.execPath],
  keeperArgv: [process.execPath],
  env: { PATH: path_ },
  log: () => undefined,
  clock: realClock,
}).sandbox();

/** Not in a temporary folder of the system, because those are hidden anyway. */
function folderElsewhere(): string {
  const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url));
  const parent = realpathSync(modules).startsWith('/tmp/') ? homedir() : modules;
  const folder = mkdtempSync(path.join(parent, '.sandbox-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

function put(file: string, text = 'secret'): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** A machine with a user, a checkout, a state directory and the rooms of two verifications. */
async function aMachine(env: Readonly<Record<string, string>> = {}) {
  const root = folderElsewhere();
  const home = path.join(root, 'user');
  const place = path.join(root, 'place');
  const room = path.join(place, 'rooms', 'mine');
  for (const name of ['tree', 'home', 'temp']) mkdirSync(path.join(room, name), { recursive: true });
  const secrets = [
    put(path.join(home, '.ssh', 'id_ed25519')),
    put(path.join(home, '.aws', 'credentials')),
    put(path.join(home, '.config', 'gh', 'hosts.yml')),
    put(path.join(home, '.npmrc')),
    put(path.join(home, '.bash_history')),
    put(path.join(root, 'repo', 'src.js')),
    put(path.join(root, 'repo', '.git', 'loopyard', 'journal.log')),
    put(path.join(place, 'loops', 'l', 'repo', 'work.js')),
    put(path.join(place, 'rooms', 'other', 'tree', 'file')),
    put(path.join(root, 'elsewhere', 'file')),
  ];
  const tool = put(path.join(home, '.rustup', 'toolchain'), 'tool');
  const world = await aRealWorld({
    containment: 'auto',
    env: { PATH: path_, HOME: home, ...env },
    hidden: [place, path.join(root, 'repo')],
  });
  const tree = path.join(room, 'tree');
  const temp = path.join(room, 'temp');
  const writable = [tree, path.join(room, 'home'), temp];
  const sandbox: Sandbox = {
    writable,
    temp,
    network: false,
    hidden: [path.join(root, 'elsewhere')],
  };
  /** Runs a program of Node's in there and gives what it printed. */
  const ask = async (program: string, rest: Partial<RunSpec> = {}) => {
    await world.processes.start('r', {
      argv: [process.execPath, '-e', program],
      cwd: tree,
      env: { PATH: path_, HOME: path.join(room, 'home') },
      timeoutMs: 30_000,
      keepBytes: 64 * 1024,
      sandbox,
      ...rest,
    });
    const view = await world.processes.settled('r', never);
    const output = await world.processes.output('r', { head: 9_999, tail: 0 });
    return { view, end: view.phase === 'ended' ? view.end : undefined, output };
  };
  return { ...world, root, home, room, tree, temp, secrets, tool, sandbox, ask };
}

const can = (what: string) => `(() => { try { ${what}; return true; } catch { return false; } })()`;

describe.runIf(state === 'works')('a check behind walls (skipped where bubblewrap may not)', () => {
  test('sees its room and the toolchains, and neither secrets nor the yard nor any other tree', async () => {
    const { ask, secrets, tool } = await aMachine();
    const { output } = await ask(
      `const fs = require('node:fs');
       const seen = ${JSON.stringify(secrets)}.filter((file) => ${can('if (!fs.readFileSync(file, "utf8")) throw 0')});
       console.log(JSON.stringify({ seen, tool: fs.readFileSync(${JSON.stringify(tool)}, 'utf8'), cwd: process.cwd() }));`,
    );
    expect(JSON.parse(output)).toMatchObject({
      seen: [],
      tool: 'tool',
      cwd: expect.stringContaining('mine'),
    });
  });

  test('writes in its room, and the folder called /tmp is the one of its room', async () => {
    const { ask, tree, temp, root, home } = await aMachine();
    const outside = [
      path.join(root, 'new'),
      path.join(home, 'new'),
      path.join(home, '.ssh', 'new'),
      '/etc/new',
      '/new',
    ];
    const name = `loopyard-${process.pid}`;
    const { output } = await ask(
      `const fs = require('node:fs');
       fs.writeFileSync('inside', '1'); fs.writeFileSync('/tmp/${name}', '1'); fs.writeFileSync('/dev/shm/x', '1');
       for (const file of ${JSON.stringify(outside)}) ${can("fs.writeFileSync(file, '1')")};
       console.log('wrote');`,
    );
    expect(output).toBe('wrote\n');
    expect(outside.filter((file) => existsSync(file))).toEqual([]);
    expect(existsSync(path.join(tree, 'inside'))).toBe(true);
    expect(readdirSync(temp)).toContain(name);
    expect(existsSync(path.join('/tmp', name))).toBe(false);
  });

  test('reaches itself through the loopback, and nobody outside', async () => {
    const outside = createServer((socket) => socket.on('error', () => undefined).end('hello'));
    await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void outside.close());
    const address = outside.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const program = `const net = require('node:net');
       const reach = (port) => new Promise((done) => { const s = net.connect(port, '127.0.0.1');
         s.on('connect', () => { s.destroy(); done(true); }); s.on('error', () => done(false)); });
       const own = net.createServer().listen(0, '127.0.0.1', async () => {
         console.log(JSON.stringify([await reach(own.address().port), await reach(${port})])); own.close(); });`;
    const walled = await aMachine();
    expect(JSON.parse((await walled.ask(program)).output)).toEqual([true, false]);
    const open = await aMachine();
    const sandbox = { ...open.sandbox, network: true };
    expect(JSON.parse((await open.ask(program, { sandbox })).output)).toEqual([true, true]);
  });

  test('gains no privileges, shares no pids, and has a session without a terminal', async () => {
    const { ask } = await aMachine();
    const { output } = await ask(
      `const fs = require('node:fs'); const status = fs.readFileSync('/proc/self/status', 'utf8');
       console.log(JSON.stringify({ pid: process.pid, none: /^NoNewPrivs:\\t1$/m.test(status),
         admin: BigInt('0x' + /^CapEff:\\t(\\w+)/m.exec(status)[1]) >> 21n & 1n ? true : false,
         tty: ${can("fs.openSync('/dev/tty')")}, kernel: ${can("fs.closeSync(fs.openSync('/proc/sys/kernel/core_pattern', 'r+'))")} }));`,
    );
    const seen = JSON.parse(output);
    expect(seen).toMatchObject({ none: true, admin: false, tty: false, kernel: false });
    expect(seen.pid).toBeLessThan(10);
  });

  test('takes a folder of PATH that is hidden out of it, and a program in there is not found', async () => {
    const { ask, root, tree, sandbox } = await aMachine();
    const bin = path.join(root, 'repo', 'node_modules', '.bin');
    put(path.join(bin, 'runner'));
    const env = { PATH: `${bin}:${path_}`, HOME: '/nowhere' };
    const { output } = await ask('console.log(process.env.PATH)', { env, sandbox, cwd: tree });
    expect(output.trim().split(':')).not.toContain(bin);
  });

  test('tells its own exit code and signal', async () => {
    const one = await aMachine();
    expect((await one.ask('process.exit(7)')).end).toMatchObject({ cause: 'exited', exitCode: 7 });
    const other = await aMachine();
    expect((await other.ask('process.kill(process.pid, "SIGKILL")')).end).toMatchObject({
      cause: 'signalled',
      signal: 'SIGKILL',
    });
  });

  test('that cannot be executed was not started; walls that cannot be put up lose it, which is no failure', async () => {
    const { ask, tree } = await aMachine();
    writeFileSync(path.join(tree, 'run'), '#!/no/such/interpreter\n', { mode: 0o755 });
    const { end } = await ask('', { argv: ['./run'] });
    expect(end).toMatchObject({ cause: 'not_started', detail: expect.stringContaining('No such file') });

    const other = await aMachine();
    const asked = other.ask('', { cwd: path.join(other.root, 'repo', '.git') });
    expect((await asked).end).toMatchObject({ cause: 'lost', detail: expect.stringContaining('bwrap') });
  });

  test('leaves nothing running, whatever it does to get away', async () => {
    const { processes, tree, sandbox } = await aMachine();
    const tag = aTag();
    const spec = agent('forks-away', [tag], { cwd: tree });
    await processes.start('r', {
      ...spec,
      sandbox: { ...sandbox, readable: [path.dirname(spec.argv[1] ?? '')] },
    });
    await running(processes, 'r').catch(() => undefined);
    await processes.stop('r', { graceMs: 500, cause: 'stopped' });
    expect(processesWith(tag)).toEqual([]);
  });

  test('whose shim is killed dies with it', async () => {
    const { processes, tree, sandbox } = await aMachine();
    const tag = aTag();
    const program = `setInterval(() => {}, 1e6); console.log('up') // ${tag}`;
    await processes.start('r', {
      argv: [process.execPath, '-e', program],
      cwd: tree,
      env: { PATH: path_ },
      timeoutMs: 60_000,
      keepBytes: 1_024,
      sandbox,
    });
    const { shim } = await running(processes, 'r');
    process.kill(shim.pid, 'SIGKILL');
    expect(await processes.settled('r', never)).toEqual({ phase: 'lost' });
    expect(await processes.stop('r', { graceMs: 0, cause: 'lost' })).toEqual([]);
    expect(processesWith(tag)).toEqual([]);
  });
});
