import { messageAfter } from './failures.ts';
import { type Reader, startedSections } from './section.ts';

/** jasmine: `3 specs, 1 failure, 1 pending spec`, after `Started`. */
export const jasmine: Reader = {
  format: 'jasmine',
  read: (printed) =>
    startedSections(
      printed,
      /^(?:Started|Jasmine started)$/,
      /^(?:Executed )?\d{1,7} specs?, /,
      (index, from) => {
        const { lines } = printed;
        const said =
          /^(?:Executed )?(\d{1,7}) specs?, (\d{1,7}) failures?(?:, (\d{1,7}) pending specs?)?/.exec(
            lines[index] ?? '',
          );
        if (!said) return undefined;
        const [total, failed, skipped] = [Number(said[1]), Number(said[2]), Number(said[3] ?? 0)];
        const failures = lines.slice(from, index).flatMap((line, at) => {
          const [, name] = /^\d+\) (\S.*)$/.exec(line) ?? [];
          if (name === undefined || (lines[from + at + 1] ?? '').trim() !== 'Message:') return [];
          return [
            { name, message: messageAfter(lines, from + at + 2, (next) => /^ {2}Stack:|^\d+\) /.test(next)) },
          ];
        });
        return { from, to: index, passed: Math.max(0, total - failed - skipped), failed, skipped, failures };
      },
    ),
};
