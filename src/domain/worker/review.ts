import * as z from 'zod';

export const opinions = ['approved', 'vetoed', 'inconclusive'] as const;

/** What a reviewer of another provider said about a candidate that passed its checks. It can overrule none of them. */
export const Review = z.strictObject({
  commit: z.string(),
  opinion: z.enum(opinions),
  /** Foreign text, or ours when there was no opinion. */
  reason: z.string().max(2_000),
  /** Backend that reviewed; absent when none could. */
  backend: z.string().optional(),
  /** Only the same provider's model was there to review. */
  sameFamily: z.literal(true).optional(),
});
export type Review = z.infer<typeof Review>;

/** Has this loop a candidate that its reviewer has not seen? */
export function awaitsReview({
  review,
  reviewed,
  candidate,
}: {
  readonly review?: boolean | undefined;
  readonly reviewed?: Review | undefined;
  readonly candidate?: { readonly commit: string } | undefined;
}): boolean {
  return review === true && candidate !== undefined && reviewed?.commit !== candidate.commit;
}

/**
 * An opinion out of a reviewer's last words: exactly one line that says `VERDICT: approve` or `VERDICT: veto`, and the
 * reasons after it. Anything else is no opinion; a guess at what somebody meant would be ours and not his.
 */
export function opinionIn(words: string): Pick<Review, 'opinion' | 'reason'> {
  const found = [...words.matchAll(/^\W*VERDICT:\W*(approve|veto)\W*$/gim)];
  const [only, ...others] = found;
  if (!only || others.length > 0) {
    const what = only ? 'gave more than one verdict' : 'gave no verdict in the form that was asked for';
    return { opinion: 'inconclusive', reason: `The reviewer ${what}.` };
  }
  const reason = words
    .slice(only.index + only[0].length)
    .trim()
    .slice(0, 1_900);
  if (only[1]?.toLowerCase() === 'approve') return { opinion: 'approved', reason };
  if (reason === '') return { opinion: 'inconclusive', reason: 'The reviewer vetoed without a reason.' };
  return { opinion: 'vetoed', reason };
}

/** Who may review: another family than the author's if there is one, in the order given. Pure. */
export function pickReviewer<B extends { readonly id: string; readonly family: string }>(
  author: { readonly family: string } | undefined,
  able: readonly B[],
): { backend: B; sameFamily: boolean } | undefined {
  const known = author?.family ?? 'any';
  // Where the user's configuration of a program decides who made its model, nobody can say that it is another.
  const other = able.find(({ family }) => family !== known && family !== 'any' && known !== 'any');
  const backend = other ?? able[0];
  return backend && { backend, sameFamily: other === undefined };
}
