import type { Outcome } from '../../engine/outcome.js';
import { differingParts, missingParts } from '../../inject/pod/missing.js';
import { isStampedBy } from '../../inject/pod/record.js';
import { listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { byApiServer, byWebhook, names } from '../../model/names.js';
import { workloadKind } from '../../model/workload-kinds.js';
import type { ExplainedStep, PodState } from './explanation.js';

/**
 * The instrumentation of an existing pod.
 *
 * @param outcome the outcome of deciding on the pod again
 */
export function podStateOf(pod: JsonObject, { decision, plan, rule }: Outcome): PodState {
  const metadata = objectOf(pod['metadata']);
  const annotations = objectOf(metadata?.['annotations']);
  const stamped = {
    status: stringOf(objectOf(metadata?.['labels'])?.[names.status]),
    policy: stringOf(annotations?.[names.policy]),
    reason: stringOf(annotations?.[names.reason]),
    plan: stringOf(annotations?.[names.plan]),
    by: stringOf(objectOf(metadata?.['labels'])?.[names.by]),
  };
  const missing = plan === undefined ? [] : [...missingParts(plan), ...differingParts(plan)];
  return {
    instrumented: plan === undefined ? undefined : missing.length === 0,
    missing,
    stamped: defined(stamped),
    current: defined({ policy: decision.policy, plan: rule?.stamp }),
  };
}

/** The state as lines of the explanation. */
export function podSteps(pod: JsonObject, state: PodState): readonly ExplainedStep[] {
  const { instrumented, missing, stamped, current } = state;
  const marked = stamped.status !== undefined || stamped.plan !== undefined;
  const steps: ExplainedStep[] = [];
  if (instrumented === true) {
    steps.push({ subject: 'this pod', result: 'pass', detail: 'is instrumented: every part is there' });
  } else if (instrumented === false) {
    const detail = marked
      ? `is instrumented in part; it lacks ${missing.join(', ')}`
      : 'is not instrumented; what follows is for a new one';
    steps.push({ subject: 'this pod', result: 'stop', detail, remedy: renewal(pod) });
  } else if (marked) {
    const detail = 'was instrumented when it was created; no policy of now says what it should have';
    steps.push({ subject: 'this pod', result: 'note', detail });
  }
  if (!marked) return steps;
  const by = stamped.by === undefined ? undefined : wordsOfLabel.get(stamped.by);
  if (by !== undefined) steps.push({ subject: 'instrumented by', result: 'note', detail: by });
  const record = Object.entries(stamped).map(([name, value]) => `${name} ${value}`);
  steps.push({ subject: 'written on it', result: 'note', detail: record.join(', ') });
  const differing = (['policy', 'plan'] as const).filter(
    (name) => current[name] !== undefined && stamped[name] !== current[name] && !isFittedOnly(name, state),
  );
  if (differing.length > 0) {
    const detail = `a new pod gets ${differing.map((name) => `${name} ${current[name] ?? ''}`).join(', ')}`;
    steps.push({ subject: 'since then', result: 'note', detail, remedy: renewal(pod) });
  }
  return steps;
}

/** What the label says of who instrumented a pod: its author may have written it, and anybody since who may edit the pod. */
const wordsOfLabel: ReadonlyMap<string, string> = new Map([
  [byApiServer, `the API server by itself, as the label ${names.by} says`],
  [byWebhook, `the webhook, which found a label ${names.by} that said: the API server by itself`],
]);

/** Whether the plans differ at most in what was fitted to the namespace, which is no other version of ours. */
function isFittedOnly(name: 'policy' | 'plan', { stamped, current }: PodState): boolean {
  if (name !== 'plan' || stamped.plan === undefined || current.plan === undefined) return false;
  return isStampedBy(stamped.plan, current.plan);
}

/** How to replace the pod with a new one. */
function renewal({ metadata }: JsonObject): string {
  const about = objectOf(metadata);
  const namespace = stringOf(about?.['namespace']) ?? 'default';
  const name = stringOf(about?.['name']) ?? '';
  const owner = listOf(about?.['ownerReferences'])
    .map(objectOf)
    .find((each) => each?.['controller'] === true);
  const kind = stringOf(owner?.['kind']);
  const ownerName = stringOf(owner?.['name']) ?? '';
  const restart = (what: string): string => `kubectl -n ${namespace} rollout restart ${what}`;
  if (kind !== undefined && workloadKind(kind, stringOf(owner?.['apiVersion']))?.restarts === true)
    return restart(`${kind.toLowerCase()}/${ownerName}`);
  // A ReplicaSet's name is its Deployment's name with the template's hash at the end.
  const hash = stringOf(objectOf(about?.['labels'])?.['pod-template-hash']);
  if (kind === 'ReplicaSet' && hash !== undefined && ownerName.endsWith(`-${hash}`)) {
    return restart(`deployment/${ownerName.slice(0, -hash.length - 1)}`);
  }
  if (kind === 'Job') return `only a new Job has it; ${kind}/${ownerName} makes no new pod of its own accord`;
  if (kind !== undefined) return `kubectl -n ${namespace} delete pod ${name}; its ${kind} makes a new one`;
  return 'delete the pod and create it again from its manifest';
}

function defined<Name extends string>(
  fields: Readonly<Record<Name, string | undefined>>,
): Readonly<Partial<Record<Name, string>>> {
  const result: Partial<Record<Name, string>> = {};
  for (const name in fields) {
    const value = fields[name];
    if (value !== undefined) result[name] = value;
  }
  return result;
}
