/**
 * A rule about several fields of a document, in both of its forms: `rule` is CEL for the API server, which refuses the
 * document with `message`; the schema or the check that imports the same row says the same sentence for a file.
 */
export interface ValidationRule {
  /** CEL over the object that the rule stands on. Defaults have been filled in before it runs. */
  readonly rule: string;
  /** What is asked for, as it follows the field's name. */
  readonly message: string;
  /** The field that the API server names, from that object; absent: the object itself. */
  readonly fieldPath?: string;
}

/** Every rule that the custom resource definitions carry. */
export const validationRules = {
  podSelectorUnderForbidden: {
    rule:
      "self.optOut != 'Forbidden' || " +
      '((!has(self.match.podSelector.matchLabels) || size(self.match.podSelector.matchLabels) == 0) && ' +
      '(!has(self.match.podSelector.matchExpressions) || size(self.match.podSelector.matchExpressions) == 0))',
    message: 'must be empty with optOut: Forbidden, because a pod’s author controls its labels',
    fieldPath: '.match.podSelector',
  },
  canaryKeepsPrevious: {
    rule: "!has(self.canary) || has(self.canary.previous) || (self.prefer != 'Security' && self.optOut != 'Forbidden')",
    message:
      'is needed with prefer: Security or optOut: Forbidden, because the workloads that the canary leaves out must be instrumented too',
    fieldPath: '.canary',
  },
  selectorNeedsValues: {
    rule: "!(self.operator in ['In', 'NotIn']) || (has(self.values) && size(self.values) > 0)",
    message: 'needs at least one value for In and NotIn',
    fieldPath: '.values',
  },
  selectorTakesNoValues: {
    rule: "self.operator in ['In', 'NotIn'] || !has(self.values) || size(self.values) == 0",
    message: 'must be absent for Exists and DoesNotExist',
    fieldPath: '.values',
  },
  volumeIsFilled: {
    rule: 'has(self.copy) || has(self.imageVolume)',
    message: 'has neither copy nor imageVolume, so nothing fills it; add one',
  },
  oneSourceOfVariable: {
    rule: '[has(self.value), has(self.fromField), has(self.fromSecret)].filter(given, given).size() == 1',
    message: 'needs exactly one of value, fromField and fromSecret',
  },
  ownUserOnly: {
    rule: "self.runAs != 'Workload' || (!has(self.runAsUser) && !has(self.runAsGroup))",
    message: 'or runAsGroup is given together with runAs: Workload; take one out',
    fieldPath: '.runAsUser',
  },
  minimumBelowMaximum: {
    rule: '!has(self.minimum) || !has(self.maximum) || self.minimum <= self.maximum',
    message: 'is above maximum; swap them',
    fieldPath: '.minimum',
  },
} as const satisfies Readonly<Record<string, ValidationRule>>;

/** The key under which a schema carries its rules; it goes into the custom resource definition as it is. */
export const rulesKey = 'x-kubernetes-validations';

/** Metadata that gives a schema its rules. */
export function withRules(...rules: readonly ValidationRule[]): Readonly<Record<string, unknown>> {
  return { [rulesKey]: rules };
}
