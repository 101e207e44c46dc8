// Preloaded with --import: the k-th call that changes the file system meets its fate. Counts only calls on paths or
// descriptors of the state directory, so that the program's own witness is left alone.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { FAULT_AT, FAULT_KIND, FAULT_UNDER, FAULT_LOG, FAULT_ROLE, FAULT_ONCE } = process.env;
const at = Number(FAULT_AT);
const original = { ...fs };
const descriptors = new Map();
let calls = 0;

/** With a role only the processes of loopyard that were started with that word. */
const hasRole = FAULT_ROLE === undefined || process.argv[2] === FAULT_ROLE;

const concerns = (target) =>
  hasRole && (typeof target === 'number' ? descriptors.has(target) : String(target).startsWith(FAULT_UNDER));

function strike(name, args) {
  const [target] = args;
  if (!concerns(target)) return undefined;
  calls += 1;
  if (FAULT_LOG) original.appendFileSync(FAULT_LOG, `${calls} ${name}\n`);
  if (calls !== at || !isFirst()) return undefined;
  const bytes = name === 'writeSync' ? Buffer.from(args[1]) : Buffer.alloc(0);
  if (FAULT_KIND === 'kill') process.kill(process.pid, 'SIGKILL');
  if (FAULT_KIND === 'freeze') process.kill(process.pid, 'SIGSTOP');
  if (FAULT_KIND === 'torn') {
    if (name === 'writeSync') original.writeSync(target, bytes.subarray(0, bytes.length >> 1));
    process.kill(process.pid, 'SIGKILL');
  }
  if (FAULT_KIND === 'short' && name === 'writeSync' && args.length < 4) {
    return { value: original.writeSync(target, bytes.subarray(args[2] ?? 0, bytes.length - 1)) };
  }
  if (/^E/.test(FAULT_KIND)) {
    return {
      error: Object.assign(new Error(`${FAULT_KIND}: injected into ${name}`), {
        code: FAULT_KIND,
        syscall: name,
      }),
    };
  }
  return undefined;
}

/** Of several processes that are preloaded with this, the fate is one's. */
function isFirst() {
  if (!FAULT_ONCE) return true;
  try {
    original.closeSync(original.openSync(FAULT_ONCE, 'wx'));
    return true;
  } catch {
    return false;
  }
}

for (const name of ['writeSync', 'linkSync', 'renameSync', 'unlinkSync', 'mkdirSync']) {
  fs[name] = (...args) => {
    const fate = strike(name, args);
    if (fate?.error) throw fate.error;
    return fate ? fate.value : original[name](...args);
  };
}
fs.openSync = (path, flags, ...rest) => {
  const changes =
    typeof flags === 'number' ? (flags & fs.constants.O_CREAT) !== 0 : /[wax]/.test(flags ?? 'r');
  const fate = changes ? strike('openSync', [path]) : undefined;
  if (fate?.error) throw fate.error;
  const fd = original.openSync(path, flags, ...rest);
  if (concerns(path)) descriptors.set(fd, path);
  return fd;
};
fs.closeSync = (fd) => {
  descriptors.delete(fd);
  return original.closeSync(fd);
};
for (const name of ['fdatasync', 'fsync']) {
  fs[name] = (fd, callback) => {
    const fate = strike(name, [fd]);
    if (fate?.error) process.nextTick(callback, fate.error);
    else original[name](fd, callback);
  };
}
for (const name of ['mkdtemp', 'mkdir', 'rename', 'rm']) {
  const before = fs.promises[name];
  fs.promises[name] = async (...args) => {
    const fate = strike(name, args);
    if (fate?.error) throw fate.error;
    return before.call(fs.promises, ...args);
  };
}
syncBuiltinESMExports();
