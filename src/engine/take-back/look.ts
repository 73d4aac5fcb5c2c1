import type { PodPlace } from '../coverage/ask.js';
import { askAnew } from '../coverage/ask.js';
import { forClaims } from '../coverage/looks.js';
import { canaryWorkload } from '../canary.js';
import type { Engine } from '../engine.js';
import { isStampedBy } from '../../inject/pod/record.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import { isStrict } from '../../model/policy.js';
import type { TemplateMark, WorkloadName } from '../../model/taken-back.js';
import { controllerIn, workloadOf, type Controller } from '../../model/workload-of.js';
import { podState, type PodState } from './evidence.js';
import { markOf, planIdentity } from './left-alone.js';

/** What a look at one pod found that was instrumented by the current plan. */
export interface PodLook {
  readonly workload: WorkloadName & { readonly apiVersion: string };
  /** The object that made it, for Events. */
  readonly maker: Controller;
  readonly policy: string;
  readonly plan: string;
  /** Whether the policy insists on the instrumentation, so that nothing is taken back. */
  readonly insists: boolean;
  readonly template: TemplateMark;
  readonly pod: string;
  readonly createdMs: number;
  readonly found: PodState;
}

/**
 * Looks at a pod that was read whole.
 * @returns `undefined` for a pod that has another plan than a new one would get, or none
 */
export function lookAtPod(pod: JsonObject, place: PodPlace, engine: Engine): PodLook | undefined {
  const metadata = objectOf(pod['metadata']) ?? {};
  const record = stringOf(objectOf(metadata['annotations'])?.[names.plan]);
  const name = stringOf(metadata['name']);
  const shown = workloadOf(metadata);
  if (record === undefined || name === undefined || shown === undefined) return undefined;
  if (metadata['deletionTimestamp'] !== undefined) return undefined;
  const { outcome, rule } = askAnew(pod, place, forClaims(engine));
  const { plan, decision } = outcome;
  const policy = engine.rules.policies.ranked.find((one) => one.name === decision.policy);
  if (plan === undefined || rule === undefined || policy?.valid !== true || !isStampedBy(record, rule.stamp)) {
    return undefined;
  }
  if (policy.spec.mode !== 'Inject') return undefined;
  const ours = new Set([...plan.initContainers, ...plan.containers].map((member) => member.name));
  const workload = canaryWorkload(metadata);
  const maker = controllerIn(metadata) ?? { apiVersion: 'v1', kind: 'Pod', name, uid: stringOf(metadata['uid']) };
  return {
    workload: {
      namespace: place.namespace,
      ...workload,
      apiVersion: workload.kind === 'CronJob' ? 'batch/v1' : shown.apiVersion,
    },
    maker,
    policy: policy.name,
    plan: planIdentity(rule, engine.facts),
    insists: isStrict(policy.spec),
    template: markOf(pod, (container) => ours.has(container)),
    pod: name,
    createdMs: Date.parse(stringOf(metadata['creationTimestamp']) ?? ''),
    found: podState(pod, plan),
  };
}
