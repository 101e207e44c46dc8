import { targetsOf } from './places.ts';
import { isServer, type Platform, type Scope, type Target } from './platform.ts';

/** The platforms as the documentation shows them: one table of files, then what a person has to know and do. */
export function platformTable(platforms: readonly Platform[]): string {
  const rows = platforms.map((platform) => [
    `[${platform.title}](${platform.docs})`,
    code(platform.id),
    serverFile(platform, 'project'),
    serverFile(platform, 'user'),
    others(platform),
    platform.tried === 'real program' ? `with ${platform.version}` : 'documented only',
  ]);
  const head = ['platform', 'id', 'server, project', 'server, user', 'beside it, project', 'tried'];
  const parts = platforms.map(sectionOf);
  return [table(head, rows), ...parts].join('\n\n');
}

function sectionOf(platform: Platform): string {
  const { title, steps, limits, note } = platform;
  const todo = (['project', 'user'] as const).flatMap((scope) =>
    steps[scope].map((step) => `- After \`--scope ${scope}\`: ${step}`),
  );
  return [`## ${title}`, '', ...todo, `- Time limits: ${limits}.`, ...(note ? [`- ${note}`] : [])].join('\n');
}

function serverFile(platform: Platform, scope: Scope): string {
  return targetsOf(platform, scope).filter(isServer).map(fileOf).join(', ') || '–';
}

function others(platform: Platform): string {
  return (
    platform.project
      .filter((target) => !isServer(target))
      .map(fileOf)
      .join(', ') || '–'
  );
}

function fileOf({ file }: Target): string {
  return code(typeof file === 'string' ? file : file.linux);
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
