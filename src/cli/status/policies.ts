import { known, type Part } from '../../cluster/overview/part.js';
import { addCounts, type ReviewCounts } from '../../cluster/overview/review-counts.js';
import type { LivePolicies } from '../../cluster/live/read-policies.js';
import { readCoverage } from '../../cluster/status/covered.js';
import type { Snapshot } from '../../cluster/overview/snapshot.js';
import { matchNamespaces } from '../../engine/matched-namespaces.js';
import { listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import { namespaceLabelsOf, namespaceNameLabel } from '../../model/selector.js';
import type { LabelledNamespaces, PolicyCondition, PolicyReport, RunningPods } from './report.js';

/** Each policy with what is known about it, in order of precedence. Pure. */
export function policyReports(snapshot: Snapshot, excluded: ReadonlySet<string>): Part<readonly PolicyReport[]> {
  const { policies, compiled, namespaces, reviews } = snapshot;
  if (!policies.known) return policies;
  if (!compiled.known) return compiled;
  const { rules } = compiled.value;
  const spaces = namespaces.known ? matchNamespaces(rules, namespaces.value, excluded).namespaces : undefined;
  const answered = [...reviews.values()].flatMap((part) => (part.known ? [part.value] : []));
  const counts = addCounts(answered);
  const reports = policies.value.map((object): PolicyReport => {
    const name = nameOf(object);
    const touches = spaces?.filter(({ policies: there }) =>
      there.some(({ policy, stop }) => policy.name === name && stop === undefined),
    );
    return {
      name,
      ...termsOf(object, compiled.value),
      ...statusOf(object),
      running: runningOf(object),
      problem: problemOf(name, compiled.value),
      namespaces: rules.byPolicy.has(name) ? touches?.map((space) => space.name) : undefined,
      reviews: answered.length === 0 ? undefined : (counts.get(name) ?? noReviews),
    };
  });
  const rank = new Map(rules.policies.ranked.map(({ name }, index) => [name, index]));
  return known(reports.sort((a, b) => (rank.get(a.name) ?? Infinity) - (rank.get(b.name) ?? Infinity)));
}

const noReviews: ReviewCounts = { inject: 0, partial: 0, skip: 0, deny: 0 };

/** Namespaces whose label does not have the effect that it seems to have. Pure. */
export function labelledNamespaces(
  { compiled, namespaces }: Snapshot,
  excluded: ReadonlySet<string>,
): Part<LabelledNamespaces> {
  if (!namespaces.known) return namespaces;
  if (!compiled.known) return compiled;
  const { ranked } = compiled.value.rules.policies;
  const unmatched: string[] = [];
  const left: string[] = [];
  const odd: LabelledNamespaces['odd'][number][] = [];
  for (const [name, given] of namespaces.value) {
    const value = given[names.inject];
    if (value === undefined || value === 'disabled') continue;
    if (value !== 'enabled') odd.push({ name, value });
    else if (excluded.has(name)) left.push(name);
    else {
      const labels = namespaceLabelsOf(name, given);
      if (!ranked.some((policy) => policy.matchesNamespace(labels))) unmatched.push(name);
    }
  }
  return known({ unmatched, excluded: left, odd });
}

/** The namespaces that the registered webhooks exclude by name; `undefined` if no webhook can be read. */
export function excludedByWebhooks({ mutating }: Snapshot): ReadonlySet<string> | undefined {
  const webhooks = mutating.known ? listOf(mutating.value['webhooks']) : [];
  const excluded = webhooks
    .flatMap((webhook) => listOf(objectOf(objectOf(webhook)?.['namespaceSelector'])?.['matchExpressions']))
    .map(objectOf)
    .filter((each) => each?.['key'] === namespaceNameLabel && each['operator'] === 'NotIn')
    .flatMap((each) => listOf(each?.['values']).flatMap((value) => stringOf(value) ?? []));
  return excluded.length === 0 ? undefined : new Set(excluded);
}

/** The policy's fields with defaults. For a policy that is not valid, the fields that could be read. */
function termsOf(
  { metadata, spec }: JsonObject,
  { rules }: LivePolicies,
): Pick<PolicyReport, 'mode' | 'prefer' | 'profile' | 'precedence'> {
  const ranked = rules.policies.ranked.find(({ name }) => name === stringOf(objectOf(metadata)?.['name']));
  const terms = ranked === undefined ? undefined : ranked.valid ? ranked.spec : ranked;
  return {
    mode: terms?.mode ?? 'Inject',
    prefer: terms?.prefer ?? 'Security',
    profile: stringOf(objectOf(objectOf(spec)?.['profile'])?.['name']) ?? '?',
    precedence: ranked?.precedence ?? 0,
  };
}

function runningOf({ status }: JsonObject): RunningPods | undefined {
  const coverage = readCoverage(objectOf(status));
  return coverage === undefined ? undefined : { pods: coverage.pods, byApiServer: coverage.byApiServer ?? 0 };
}

function problemOf(name: string, { policies }: LivePolicies): string | undefined {
  return policies.find((policy) => policy.name === name)?.problem?.message;
}

function statusOf({
  metadata,
  status,
}: JsonObject): Pick<PolicyReport, 'ready' | 'current' | 'conditions' | 'servesEarlier'> {
  const generation = objectOf(metadata)?.['generation'];
  const servedGeneration = objectOf(status)?.['servedGeneration'];
  const conditions = listOf(objectOf(status)?.['conditions']).flatMap((item) => {
    const condition = objectOf(item);
    return condition === undefined ? [] : [conditionOf(condition)];
  });
  const ready = conditions.find(({ type }) => type === 'Ready');
  return {
    ready: ready?.status,
    servesEarlier: servedGeneration !== undefined && servedGeneration !== generation,
    current: ready !== undefined && objectOf(status)?.['observedGeneration'] === generation,
    conditions,
  };
}

function conditionOf(condition: JsonObject): PolicyCondition {
  const text = (name: string): string => stringOf(condition[name]) ?? '';
  return {
    type: text('type'),
    status: text('status'),
    reason: text('reason'),
    message: text('message'),
    lastTransitionTime: text('lastTransitionTime'),
  };
}

function nameOf({ metadata }: JsonObject): string {
  return stringOf(objectOf(metadata)?.['name']) ?? '';
}
