/** How many reviews a replica has answered since it started, by what was decided. */
export interface ReviewCounts {
  readonly inject: number;
  readonly partial: number;
  readonly skip: number;
  readonly deny: number;
}

const name = 'outrider_admission_reviews_total';
const noReviews: ReviewCounts = { inject: 0, partial: 0, skip: 0, deny: 0 };

/**
 * Reads the counts from a replica's metrics, by policy. The empty name means reviews that no policy won. Most pods are
 * reviewed more than once (reinvocation), so these are not numbers of pods. Decisions to inject, to inject in part, or to
 * skip are counted at the mutating door, denials at the validating one.
 *
 * @param text the Prometheus text format
 */
export function readReviewCounts(text: string): ReadonlyMap<string, ReviewCounts> {
  const counts = new Map<string, ReviewCounts>();
  for (const line of text.split('\n')) {
    const [, labelText = '', amount = ''] = /^([^\s{]+\{.*\})\s+(\S+)/.exec(line) ?? [];
    if (!labelText.startsWith(`${name}{`)) continue;
    const labels = labelsOf(labelText);
    const decision = labels.get('decision');
    if (!isDecision(decision) || (labels.get('door') === 'validate') !== (decision === 'deny')) continue;
    const policy = labels.get('policy') ?? '';
    const before = counts.get(policy) ?? noReviews;
    counts.set(policy, { ...before, [decision]: before[decision] + (Number(amount) || 0) });
  }
  return counts;
}

/** Adds the counts of several replicas. */
export function addCounts(all: readonly ReadonlyMap<string, ReviewCounts>[]): ReadonlyMap<string, ReviewCounts> {
  const sums = new Map<string, ReviewCounts>();
  for (const [policy, counts] of all.flatMap((each) => [...each])) {
    const before = sums.get(policy) ?? noReviews;
    sums.set(policy, {
      inject: before.inject + counts.inject,
      partial: before.partial + counts.partial,
      skip: before.skip + counts.skip,
      deny: before.deny + counts.deny,
    });
  }
  return sums;
}

function isDecision(text: string | undefined): text is keyof ReviewCounts {
  return text !== undefined && Object.hasOwn(noReviews, text);
}

/** Values of our labels contain no quotation marks, because they are codes and names of objects. */
function labelsOf(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', value = '']) => [label, value]));
}
