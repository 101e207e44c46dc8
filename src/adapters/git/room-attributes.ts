import { devNull } from 'node:os';

export const isAttributes = (path: string) => path === '.gitattributes' || path.endsWith('/.gitattributes');

/**
 * How files become what lies in a room is decided by the attributes in the tree: not by those of the machine or the
 * user, and not by what the user's platform or settings do with line ends.
 */
export const treeAttributesOnly = {
  config: [`core.attributesFile=${devNull}`, 'core.autocrlf=false'],
  env: { GIT_ATTR_NOSYSTEM: '1' },
} as const;
