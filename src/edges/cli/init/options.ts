import { invalid } from '../../../domain/errors.ts';
import { nearest } from '../../../domain/nearest.ts';
import type { Line } from '../extra.ts';
import type { initFace } from '../faces.ts';

/** The line that was typed. Undefined platforms: nobody named any. */
export type InitOptions = Omit<Line<typeof initFace>, 'platforms'> & {
  readonly platforms: readonly string[] | undefined;
};

/** Throws INVALID_ARGUMENT with the platform that does not exist. */
export function initOptions(line: Line<typeof initFace>, known: readonly string[]): InitOptions {
  const platforms = line.platforms?.flatMap((list) => list.split(',')).filter((id) => id !== '');
  const unknown = platforms?.find((id) => !known.includes(id) && id !== 'all');
  if (unknown !== undefined) {
    const meant = nearest(unknown, known);
    const hint = meant === undefined ? '' : ` Did you mean "${meant}"?`;
    throw invalid(`"--platform": there is no platform "${unknown}".${hint} Known: ${known.join(', ')}.`);
  }
  if (platforms && line.all_detected) throw invalid('"--platform" and "--all-detected" exclude each other.');
  return { ...line, platforms: platforms?.includes('all') ? known : platforms };
}
