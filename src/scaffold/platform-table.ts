import { targetsOf } from './places.ts';
import { isServer, type Platform, type Scope, type Target } from './platform.ts';

/** The platforms at a glance: where each keeps its servers, and what was tried. */
export function platformTable(platforms: readonly Platform[]): string {
  const rows = platforms.map((platform) => [
    `[${platform.title}](${platform.docs})`,
    code(platform.id),
    serverFile(platform, 'project'),
    serverFile(platform, 'user'),
    platform.tried === 'real program' ? `with ${platform.version}` : 'documented only',
  ]);
  return table(['platform', 'id', 'server, project', 'server, user', 'tried'], rows);
}

/** What a person has to know and do, platform by platform. */
export function platformSections(platforms: readonly Platform[]): string {
  return platforms.map(sectionOf).join('\n\n');
}

function sectionOf(platform: Platform): string {
  const { title, steps, limits, note } = platform;
  const beside = others(platform);
  const todo = (['project', 'user'] as const).flatMap((scope) =>
    steps[scope].map((step) => `- After \`--scope ${scope}\`: ${step}`),
  );
  return [
    `## ${title}`,
    '',
    ...beside,
    ...todo,
    `- Time limits: ${limits}.`,
    ...(note ? [`- ${note}`] : []),
  ].join('\n');
}

function serverFile(platform: Platform, scope: Scope): string {
  return targetsOf(platform, scope).filter(isServer).map(fileOf).join(', ') || '–';
}

/** Files of a project beside the one with the server. */
function others({ project }: Platform): readonly string[] {
  const files = project.filter((target) => !isServer(target)).map(fileOf);
  return files.length === 0 ? [] : [`- Beside the server, in a project: ${files.join(', ')}.`];
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
