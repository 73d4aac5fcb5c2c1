/*
 * Which mutating webhooks and policies of others may change a pod after ours had its turn. An API server calls mutating
 * webhooks in the order of their configurations' names, after all mutating policies. In a second round it calls those of
 * `reinvocationPolicy: IfNeeded` again that it called in the first, and none that it left out there. So where ours is left
 * out, nobody instruments what these add.
 */
import { isObject, listOf, objectOf, stringOf, stringsOf, type JsonObject } from '../../model/json.js';
import { labelSelectorSchema, type LabelSelector } from '../../model/selector.js';
import { areDisjoint } from './disjoint.js';

/** What may change pods that are created. */
export interface Mutator {
  /** Which one, for people. */
  readonly what: string;
  /** The configuration that it stands in; `undefined` for a policy: those have their first turn before all webhooks. */
  readonly configuration: string | undefined;
  /** The webhook's name in it. */
  readonly webhook: string | undefined;
  /** Namespaces of pods that it is for: it is for a pod if one of these selects its namespace. */
  readonly namespaces: readonly LabelSelector[];
  /** Whether it may have a second turn. */
  readonly again: boolean;
}

/** Where our webhook stands. */
export interface OurPlace {
  /** The name of our configuration. */
  readonly configuration: string;
  /** Whether a webhook of it is ours. */
  readonly isOwn: (webhook: string) => boolean;
}

/** The webhooks of a MutatingWebhookConfiguration that pods' creation can be given to. */
export function webhookMutators(configuration: JsonObject): readonly Mutator[] {
  const name = nameOf(configuration);
  return listOf(configuration['webhooks'])
    .filter(isObject)
    .filter((webhook) => listOf(webhook['rules']).filter(isObject).some(isForPods))
    .map((webhook) => {
      const own = stringOf(webhook['name']) ?? '';
      return {
        what: `webhook ${own} of MutatingWebhookConfiguration ${name}`,
        configuration: name,
        webhook: own,
        namespaces: [selectorOf(webhook['namespaceSelector'])],
        again: webhook['reinvocationPolicy'] === 'IfNeeded',
      };
    });
}

/** A MutatingAdmissionPolicy that pods' creation can be given to. @param bindings all bindings there are */
export function policyMutators(policy: JsonObject, bindings: readonly JsonObject[]): readonly Mutator[] {
  const name = nameOf(policy);
  const spec = objectOf(policy['spec']);
  const constraints = objectOf(spec?.['matchConstraints']);
  if (!listOf(constraints?.['resourceRules']).filter(isObject).some(isForPods)) return [];
  const selector = selectorOf(constraints?.['namespaceSelector']);
  const bound = bindings
    .map((binding) => objectOf(binding['spec']))
    .filter((one) => one?.['policyName'] === name)
    .map((one) => objectOf(one?.['matchResources']));
  if (bound.length === 0) return [];
  return [
    {
      what: `MutatingAdmissionPolicy ${name}`,
      configuration: undefined,
      webhook: undefined,
      namespaces: bound.map((resources) => both(selector, selectorOf(resources?.['namespaceSelector']))),
      again: spec?.['reinvocationPolicy'] === 'IfNeeded',
    },
  ];
}

/**
 * What may add something to a pod that the API server instrumented, after it was decided that our webhook is left out.
 * @param namespaces the policy's namespaces
 * @returns it, and why; `undefined` if nothing does
 */
export function inTheWay(mutators: Iterable<Mutator>, ours: OurPlace, namespaces: LabelSelector): string | undefined {
  for (const one of mutators) {
    if (one.configuration === ours.configuration && ours.isOwn(one.webhook ?? '')) continue;
    const why = reasonOf(one, ours);
    if (why !== undefined && one.namespaces.some((selector) => !isApart(selector, namespaces))) {
      return `${one.what} ${why}`;
    }
  }
  return undefined;
}

function reasonOf({ configuration, again }: Mutator, ours: OurPlace): string | undefined {
  if (again) return 'may be carried out again (reinvocationPolicy IfNeeded)';
  // As the API server compares names: byte by byte, which for the letters of names is as here. In ours, others' come last.
  return configuration !== undefined && configuration >= ours.configuration ? 'is called after ours' : undefined;
}

function isApart(one: LabelSelector, other: LabelSelector): boolean {
  return areDisjoint({ namespaceSelector: one, podSelector: {} }, { namespaceSelector: other, podSelector: {} });
}

function both(one: LabelSelector, other: LabelSelector): LabelSelector {
  const { matchLabels = {}, matchExpressions = [] } = other;
  const more = Object.entries(matchLabels).map(([key, value]) => ({ key, operator: 'In' as const, values: [value] }));
  return { ...one, matchExpressions: [...(one.matchExpressions ?? []), ...matchExpressions, ...more] };
}

/** One that cannot be read selects everything: whatever it says, it may be for the pod. */
function selectorOf(value: unknown): LabelSelector {
  const { data } = labelSelectorSchema.safeParse(value ?? {});
  return data ?? {};
}

/** Whether a rule is for the creation of pods, whatever version it names: by `Equivalent` each means all. */
function isForPods(rule: JsonObject): boolean {
  const has = (field: string, ...wanted: readonly string[]): boolean =>
    (stringsOf(rule[field]) ?? []).some((value) => wanted.includes(value));
  return (
    has('apiGroups', '', '*') &&
    has('operations', 'CREATE', '*') &&
    has('resources', 'pods', '*', '*/*', 'pods/*') &&
    rule['scope'] !== 'Cluster'
  );
}

function nameOf(object: JsonObject): string {
  return stringOf(objectOf(object['metadata'])?.['name']) ?? '';
}
