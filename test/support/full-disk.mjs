// Preloaded with --import: a disk that is full once the file named by DISK_IS_FULL exists. New files can still be made,
// but nothing can be put into them; what has its space already can be overwritten.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { openSync, writeSync } = fs;
const spaceless = new Set();

fs.openSync = (path, flags, ...rest) => {
  const fd = openSync(path, flags, ...rest);
  spaceless.delete(fd);
  if (flags === 'wx' && fs.existsSync(process.env.DISK_IS_FULL)) spaceless.add(fd);
  return fd;
};
fs.writeSync = (fd, ...rest) => {
  if (spaceless.has(fd)) throw Object.assign(new Error('ENOSPC: injected into write'), { code: 'ENOSPC' });
  return writeSync(fd, ...rest);
};
syncBuiltinESMExports();
