/**
 * The first link that leads out of its tree, absolute or by `..`; undefined when none does. `links` maps the path of
 * every symbolic link of the tree to its target. Targets are followed component by component through other links,
 * because `a/../..` means something else when `a` is itself a link.
 *
 * The tree is a stranger's, so the work is bounded: each target is walked once, however many links lead through it, a
 * component costs one look, and a target longer than any system follows, or a tree with more than `mostComponents` in
 * all its targets, counts as leading out.
 */
export function escapingLink(
  links: ReadonlyMap<string, string>,
  mostComponents = 1_000_000,
): string | undefined {
  const root: Place = { parent: undefined, entries: new Map() };
  for (const [path, target] of links) placeAt(root, path).target = target;
  const budget = { components: mostComponents };
  for (const path of links.keys()) if (leadsOut(placeAt(root, path), budget)) return path;
  return undefined;
}

/** A name in the tree. Only what has links below it is known; everything else has no entries and matters to nobody. */
interface Place {
  readonly parent: Place | undefined;
  readonly entries: Map<string, Place>;
  /** A link has one. */
  target?: string;
  /** Where the link leads, once it is known. `pending` while it is followed, so who meets it then goes in a circle. */
  leads?: Place | 'pending' | 'nowhere';
}

/** Linux follows no longer one. */
const longestTarget = 4095;

function placeAt(root: Place, path: string): Place {
  let at = root;
  for (const name of path.split('/')) {
    const next = at.entries.get(name) ?? { parent: at, entries: new Map() };
    at.entries.set(name, next);
    at = next;
  }
  return at;
}

/** A link that is being followed: how far we are in its target, and where that is. */
interface Walk {
  readonly link: Place;
  readonly parts: readonly string[];
  next: number;
  at: Place;
}

/** Not recursive: a chain of links may be longer than the stack is deep. */
function leadsOut(link: Place, budget: { components: number }): boolean {
  if (link.leads !== undefined) return false;
  const walks: Walk[] = [];
  const follow = (link: Place): boolean => {
    const { parent, target = '' } = link;
    if (!parent || isAbsolute(target) || Buffer.byteLength(target) > longestTarget) return false;
    link.leads = 'pending';
    walks.push({ link, parts: target.split(/[/\\]/), next: 0, at: parent });
    return true;
  };
  if (!follow(link)) return true;

  for (let walk = walks.at(-1); walk; walk = walks.at(-1)) {
    const part = walk.parts[walk.next];
    const there = part === undefined ? undefined : walk.at.entries.get(part);
    if (part === undefined) {
      walk.link.leads = walk.at;
      walks.pop();
    } else if (there?.target !== undefined && there.leads === undefined) {
      if (!follow(there)) return true; // and then the same component again
    } else if (there?.leads === 'pending' || there?.leads === 'nowhere') {
      walk.link.leads = 'nowhere';
      walks.pop();
    } else {
      if (--budget.components < 0) return true;
      const next = there?.leads ?? step(walk.at, part, there);
      if (!next) return true;
      walk.at = next;
      walk.next++;
    }
  }
  return false;
}

/** Undefined when it would leave the tree. */
function step(at: Place, part: string, there: Place | undefined): Place | undefined {
  if (part === '' || part === '.') return at;
  if (part === '..') return at.parent;
  return there ?? { parent: at, entries: nothing };
}

const nothing: Place['entries'] = new Map();

/** Absolute on any platform, because the room of another machine may be on another one. */
function isAbsolute(target: string): boolean {
  return /^([/\\]|[a-z]:)/i.test(target);
}
