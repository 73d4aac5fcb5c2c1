import type { PartsOfPlan } from '../../model/instrumentation-plan.js';
import { listOf, stringOf, type JsonObject } from '../../model/json.js';
import { apiVersion, byApiServer, names } from '../../model/names.js';
import type { NotClaimable } from '../../model/not-claimable.js';
import type { LabelSelector } from '../../model/selector.js';
import type { Engine } from '../engine.js';
import { claimOf } from './claimable.js';
import { eachContainer } from './conditions.js';
import { claimConditions, mutationExpression, mutationVariables } from './mutation.js';
import { partsAnywhere } from './parts.js';
import { validations, validationVariables } from './validation.js';

/** What the objects of one policy are made of. */
export interface ObjectsInput {
  readonly policyName: string;
  readonly engine: Engine;
  /** Name of all four objects. */
  readonly name: string;
  /** Labels of all four objects. */
  readonly labels: Readonly<Record<string, string>>;
  /** Which pods, as the policy's webhook has it: the namespaces that are never touched are left out. */
  readonly namespaceSelector: LabelSelector;
  readonly objectSelector: LabelSelector;
}

/** The API server's own policies for one policy of ours; `validating` and its binding where that prefers Security. */
export type ApiServerObjects =
  | { readonly claimable: false; readonly why: NotClaimable }
  | {
      readonly claimable: true;
      readonly mutating: JsonObject;
      readonly mutatingBinding: JsonObject;
      readonly validating: JsonObject | undefined;
      readonly validatingBinding: JsonObject | undefined;
      /** In CEL, for a match condition of the mutating webhook: whether it is called. */
      readonly calledFor: string;
    };

const group = 'admissionregistration.k8s.io/v1';
const paramKind = { apiVersion, kind: 'InstrumentationPlan' };
const createdPods = {
  matchPolicy: 'Equivalent',
  resourceRules: [
    { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: 'Namespaced' },
  ],
};

/** Makes the API server's policies for one policy. What its recipe adds is in the parameters: the text is the same for all. */
export function apiServerObjectsOf(input: ObjectsInput): ApiServerObjects {
  const { policyName, engine, name, namespaceSelector, objectSelector } = input;
  const claim = claimOf(policyName, engine);
  if ('reason' in claim) return { claimable: false, why: claim };
  const parts = partsAnywhere(claim, engine);
  if ('reason' in parts) return { claimable: false, why: parts };
  const metadata = { name, labels: input.labels };
  const bindingOf = (
    kind: string,
    parameterNotFoundAction: string,
    selector: LabelSelector,
    more: JsonObject,
  ): JsonObject => ({
    apiVersion: group,
    kind: `${kind}Binding`,
    metadata,
    spec: {
      policyName: name,
      ...more,
      paramRef: { name: policyName, parameterNotFoundAction },
      matchResources: { matchPolicy: 'Equivalent', namespaceSelector, objectSelector: selector },
    },
  });
  // While no replica answers, a policy that prefers Availability refuses no pod, whatever else it forbids: also none that the API
  // server instrumented and a webhook behind it added a container to. So the webhook is the judge of its pods.
  const denies = claim.policy.spec.prefer === 'Security';
  return {
    claimable: true,
    mutating: { apiVersion: group, kind: 'MutatingAdmissionPolicy', metadata, spec: mutatingSpec },
    mutatingBinding: bindingOf('MutatingAdmissionPolicy', 'Allow', objectSelector, {}),
    validating: denies
      ? { apiVersion: group, kind: 'ValidatingAdmissionPolicy', metadata, spec: validatingSpec }
      : undefined,
    validatingBinding: denies
      ? bindingOf('ValidatingAdmissionPolicy', 'Deny', marked(objectSelector), { validationActions: ['Deny'] })
      : undefined,
    calledFor: calledFor(parts),
  };
}

/** Of a policy's pods, those that say that the API server instrumented them. */
function marked(selector: LabelSelector): LabelSelector {
  const { matchExpressions = [], ...rest } = selector;
  return {
    ...rest,
    matchExpressions: [...matchExpressions, { key: names.by, operator: 'In', values: [byApiServer] }],
  };
}

const mutatingSpec: JsonObject = {
  failurePolicy: 'Ignore',
  reinvocationPolicy: 'IfNeeded',
  paramKind,
  matchConstraints: createdPods,
  matchConditions: claimConditions().map(({ name, expression }) => ({ name, expression })),
  variables: mutationVariables().map(({ name, expression }) => ({ name, expression })),
  mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: mutationExpression() } }],
};

const validatingSpec: JsonObject = {
  failurePolicy: 'Fail',
  paramKind,
  matchConstraints: createdPods,
  variables: validationVariables().map(({ name, expression }) => ({ name, expression })),
  validations: validations().map(({ expression, messageExpression }) => ({ expression, messageExpression })),
};

/**
 * Whether the webhook has something to do: not for a pod that the API server instrumented and that nobody added anything to
 * since, be it a container or a variable or a mount of one of ours. Whatever else there is to say of it, its judge says.
 */
function calledFor({ wrapper, steps, agentInit, agentContainers, terms }: PartsOfPlan): string {
  const own = [...steps, ...agentInit, ...agentContainers];
  const asMade = own.map((part) => {
    const count = (field: string, more = 0): string =>
      `(has(c.${field}) ? size(c.${field}) : 0) <= ${listOf(part[field]).length + more}`;
    // With the ServiceAccount's token an agent has one mount more.
    return `(c.name == ${quoted(stringOf(part['name']) ?? '')} && ${count('env')} && ${count('volumeMounts', terms.token.length)})`;
  });
  const isDone = [
    ...asMade,
    `(has(c.command) && size(c.command) > 0 && c.command[0] == ${quoted(wrapper[0] ?? '')})`,
  ].join(' || ');
  const isMarked = `has(object.metadata.labels) && '${names.by}' in object.metadata.labels && object.metadata.labels['${names.by}'] == '${byApiServer}'`;
  const ofInit = terms.coversInit
    ? eachContainer('object.spec.initContainers', 'c', isDone)
    : `(!has(object.spec.initContainers) || object.spec.initContainers.all(c, !(c.name in [${own.map((part) => quoted(stringOf(part['name']) ?? '')).join(', ')}]) || ${isDone}))`;
  return `!(${isMarked} && object.spec.containers.all(c, ${isDone}) && ${ofInit})`;
}

/** A text as a literal in CEL: JSON's escapes are among its own. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
