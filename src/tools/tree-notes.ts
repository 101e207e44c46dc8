import type { Loop } from '../domain/loop.ts';

/** What the tree it got means, which for `auto` nobody knew before. */
export function treeNotes({ isolation, workspace, checkout }: Loop): string[] {
  const inPlace = workspace?.kind === 'in_place';
  return [
    ...(isolation !== 'auto'
      ? []
      : [
          inPlace
            ? `It works in place, in ${checkout.path}.`
            : 'The checkout is held, so it gets a worktree; tree in status says which.',
        ]),
    ...(inPlace || isolation === 'in_place'
      ? ['Whatever is uncommitted in the checkout becomes part of the candidate.']
      : []),
  ];
}
