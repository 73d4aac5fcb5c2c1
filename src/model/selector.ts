import { z } from 'zod';
import { validationRules, withRules } from './validation-rules.js';

const labelKey = z.string().min(1).max(317);
const labelValue = z.string().max(63);

const requirement = z
  .strictObject({
    key: labelKey.describe('Label key that the expression is about.'),
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('Relation of the label’s value to values.'),
    values: z
      .array(labelValue)
      .max(1024)
      .optional()
      .describe('Values for In and NotIn; absent for Exists and DoesNotExist.'),
  })
  .superRefine((value, context) => {
    const needsValues = value.operator === 'In' || value.operator === 'NotIn';
    const given = value.values?.length ?? 0;
    if (needsValues && given === 0) {
      context.addIssue({ code: 'custom', path: ['values'], message: validationRules.selectorNeedsValues.message });
    }
    if (!needsValues && given > 0) {
      context.addIssue({ code: 'custom', path: ['values'], message: validationRules.selectorTakesNoValues.message });
    }
  })
  .meta(withRules(validationRules.selectorNeedsValues, validationRules.selectorTakesNoValues));

/** A Kubernetes label selector (apimachinery `metav1.LabelSelector`): an empty one selects everything. */
export const labelSelectorSchema = z.strictObject({
  matchLabels: z.record(labelKey, labelValue).optional().describe('Labels that must be there with these values.'),
  matchExpressions: z.array(requirement).max(256).optional().describe('Expressions that must all hold.'),
});

export type LabelSelector = z.infer<typeof labelSelectorSchema>;
export type LabelRequirement = z.infer<typeof requirement>;

/** Labels or annotations of an object. */
export type StringMap = Readonly<Record<string, string>>;

/** The label that the API server gives every namespace (well-known labels). A manifest of one need not have it. */
export const namespaceNameLabel = 'kubernetes.io/metadata.name';

/** The labels of a namespace as the API server has them. */
export function namespaceLabelsOf(name: string, given: StringMap): StringMap {
  return { ...given, [namespaceNameLabel]: name };
}
