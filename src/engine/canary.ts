import { createHash } from 'node:crypto';
import type { Step } from '../model/decision.js';
import { stringOf, type JsonObject } from '../model/json.js';
import { workloadOf, type Workload } from '../model/workload-of.js';
import type { Rule } from './rules.js';

/** What identifies a workload, wherever it is looked at: in a manifest, at admission, or running. */
export type CanaryWorkload = Pick<Workload, 'kind' | 'name'>;

/** A rule of a policy, and how it was chosen. */
export interface ChosenRule {
  /** `undefined`: the workload is left alone. */
  readonly rule: Rule | undefined;
  /** `undefined` where the policy has no canary. */
  readonly step: Step | undefined;
}

/**
 * Chooses how a policy is carried out for one workload. The answer depends on the policy and the names alone, so that it is
 * the same on every replica, at both doors and offline, and a larger percentage keeps all workloads of a smaller one.
 */
export function chooseRule(rule: Rule, namespace: string, workload: CanaryWorkload): ChosenRule {
  const { canary } = rule;
  if (canary === undefined) return { rule, step: undefined };
  const { percent, previous } = canary;
  const share = shareOf(canary.seed, namespace, workload);
  const isIn = share < percent;
  const verdict = isIn ? 'is in' : previous === undefined ? 'is left alone' : 'gets the previous profile';
  const detail = `${workload.kind}/${workload.name} ${verdict}: its share is ${share.toFixed(2)}, and the canary takes those below ${percent}`;
  return { rule: isIn ? rule : previous, step: { subject: 'canary', result: 'pass', detail } };
}

// The Jobs of a CronJob end with the minute they are for, counted since 1970.
const scheduledJob = /^(.+)-[0-9]{8,10}$/;

/**
 * The workload of a pod as the canary counts it: the controller that `coverage` lists, a CronJob's Jobs as the CronJob, and
 * a pod without one by its own name, of which only `generateName` is there before and after the API server has made it up.
 * Whoever creates a pod can write all of it.
 *
 * @param metadata of a pod
 * @param template the object that a template stands in, where there is no pod yet
 */
export function canaryWorkload(metadata: JsonObject, template?: CanaryWorkload): CanaryWorkload {
  const { kind, name } =
    template === undefined || template.kind === 'Pod' ? ofPod(metadata) : ofTemplate(template, metadata);
  const scheduled = kind === 'Job' ? scheduledJob.exec(name)?.[1] : undefined;
  return scheduled === undefined ? { kind, name } : { kind: 'CronJob', name: scheduled };
}

/** A ReplicaSet's pods count with the Deployment or Rollout that made it, which the labels of its template show. */
function ofTemplate({ kind, name }: CanaryWorkload, { labels = {} }: JsonObject): CanaryWorkload {
  if (kind !== 'ReplicaSet') return { kind, name };
  return ofPod({ labels, ownerReferences: [{ apiVersion: 'apps/v1', kind, name, controller: true }] });
}

function ofPod(metadata: JsonObject): CanaryWorkload {
  const generateName = stringOf(metadata['generateName']) ?? '';
  const workload = workloadOf(metadata);
  if (workload !== undefined && (workload.kind !== 'Pod' || generateName === '')) return workload;
  return { kind: 'Pod', name: generateName };
}

/** A number from 0 to below 100, evenly spread over workloads. */
function shareOf(seed: string, namespace: string, { kind, name }: CanaryWorkload): number {
  const digest = createHash('sha256').update([seed, namespace, kind, name].join('\n')).digest();
  return (digest.readUInt32BE(0) / 2 ** 32) * 100;
}
