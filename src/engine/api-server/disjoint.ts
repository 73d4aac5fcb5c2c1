import type { LabelRequirement, LabelSelector } from '../../model/selector.js';

/** Whom a policy is for. */
export interface Match {
  readonly namespaceSelector: LabelSelector;
  readonly podSelector: LabelSelector;
}

/** Whether no pod can match both: their selectors ask for what one label cannot be at once. */
export function areDisjoint(one: Match, other: Match): boolean {
  return (
    excludeEachOther(one.namespaceSelector, other.namespaceSelector) ||
    excludeEachOther(one.podSelector, other.podSelector)
  );
}

function excludeEachOther(one: LabelSelector, other: LabelSelector): boolean {
  const others = requirementsOf(other);
  return requirementsOf(one).some((a) => others.some((b) => a.key === b.key && contradict(a, b)));
}

function requirementsOf({ matchLabels = {}, matchExpressions = [] }: LabelSelector): readonly LabelRequirement[] {
  return [
    ...Object.entries(matchLabels).map(([key, value]): LabelRequirement => ({ key, operator: 'In', values: [value] })),
    ...matchExpressions,
  ];
}

function contradict(a: LabelRequirement, b: LabelRequirement): boolean {
  return noneFor(a, b) || noneFor(b, a);
}

/** Whether what `a` asks for is never what `b` does. */
function noneFor(a: LabelRequirement, b: LabelRequirement): boolean {
  const values = a.values ?? [];
  if (a.operator === 'Exists') return b.operator === 'DoesNotExist';
  if (a.operator !== 'In') return false;
  if (b.operator === 'DoesNotExist') return true;
  const others = new Set(b.values ?? []);
  if (b.operator === 'In') return values.every((value) => !others.has(value));
  return b.operator === 'NotIn' && values.every((value) => others.has(value));
}
