/**
 * The first link that leads out of its tree, absolute or by `..`; undefined when none does. `links` maps the path of
 * every symbolic link of the tree to its target. Targets are followed component by component through other links,
 * because `a/../..` means something else when `a` is itself a link.
 */
export function escapingLink(links: ReadonlyMap<string, string>): string | undefined {
  for (const path of links.keys()) if (escapes(path, links)) return path;
  return undefined;
}

/** As many as Linux follows; a circle leads nowhere and so not outside. */
const mostHops = 40;

function escapes(path: string, links: ReadonlyMap<string, string>): boolean {
  const at: string[] = [];
  const ahead = path.split('/');
  for (let hops = 0; ahead.length > 0; ) {
    const part = ahead.shift();
    if (part === undefined || part === '' || part === '.') continue;
    if (part === '..') {
      if (at.pop() === undefined) return true;
      continue;
    }
    at.push(part);
    const target = links.get(at.join('/'));
    if (target === undefined) continue;
    if (isAbsolute(target)) return true;
    if (++hops > mostHops) return false;
    at.pop();
    ahead.unshift(...target.split(/[/\\]/));
  }
  return false;
}

/** Absolute on any platform, because the room of another machine may be on another one. */
function isAbsolute(target: string): boolean {
  return /^([/\\]|[a-z]:)/i.test(target);
}
