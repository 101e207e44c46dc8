/** The system's code of what was thrown (`ENOENT`), or undefined when it is no error of the system. */
export function errno(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

export const isMissing = (thrown: unknown) => errno(thrown) === 'ENOENT';

const noSpace = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
export const isNoSpace = (thrown: unknown) => noSpace.has(errno(thrown) ?? '');
