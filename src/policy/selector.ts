import type { LabelRequirement, LabelSelector, StringMap } from '../model/selector.js';

/** Says whether an object with these labels is selected. */
export type LabelMatcher = (labels: StringMap) => boolean;

/**
 * Compiles a label selector with the meaning that apimachinery gives it (`metav1.LabelSelectorAsSelector`,
 * `labels.Requirement.Matches`): everything that is given must hold; `In` and `Exists` need the key; `NotIn` and
 * `DoesNotExist` hold where the key is absent; an empty selector selects everything.
 */
export function compileSelector(selector: LabelSelector): LabelMatcher {
  const requirements = [
    ...Object.entries(selector.matchLabels ?? {}).map(([key, value]) => equals(key, value)),
    ...(selector.matchExpressions ?? []).map(compileRequirement),
  ];
  const [only] = requirements;
  if (only === undefined) return () => true;
  if (requirements.length === 1) return only;
  return (labels) => requirements.every((holds) => holds(labels));
}

/** A label's value. Only own properties count, so that a key such as `constructor` is a label like any other. */
export function labelOf(labels: StringMap, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function equals(key: string, value: string): LabelMatcher {
  return (labels) => labelOf(labels, key) === value;
}

function compileRequirement({ key, operator, values }: LabelRequirement): LabelMatcher {
  const listed = new Set(values);
  switch (operator) {
    case 'In':
      return (labels) => {
        const value = labelOf(labels, key);
        return value !== undefined && listed.has(value);
      };
    case 'NotIn':
      return (labels) => {
        const value = labelOf(labels, key);
        return value === undefined || !listed.has(value);
      };
    case 'Exists':
      return (labels) => Object.hasOwn(labels, key);
    case 'DoesNotExist':
      return (labels) => !Object.hasOwn(labels, key);
  }
}
