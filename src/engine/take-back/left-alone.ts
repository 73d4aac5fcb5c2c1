/**
 * Workloads that instrumentation was taken back from: whether a new pod of one is left alone. An entry only counts for the
 * policy, the plan and the template that it was made for, and never for a policy that insists on the instrumentation.
 */
import type { Finding } from '../../model/decision.js';
import { isObject, listOf, objectOf, stringMembersOf, stringOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import { isStrict } from '../../model/policy.js';
import type { ClusterFacts } from '../../model/recipe.js';
import type { StringMap } from '../../model/selector.js';
import {
  evidenceText,
  mostMarked,
  shortHash,
  takenBackKey,
  type TakenBack,
  type TakenBackByKey,
  type TakenBackEntry,
  type TemplateMark,
  type WorkloadName,
} from '../../model/taken-back.js';
import type { CompiledPolicy } from '../../policy/compile.js';
import type { Clock } from '../../time/clock.js';
import { isStampedBy } from '../../inject/pod/record.js';
import type { CanaryWorkload } from '../canary.js';
import type { Engine, PodRequest } from '../engine.js';
import type { Rule } from '../rules.js';

/** A pod that was let through, for which try, and when. */
export interface Tried {
  readonly at: string;
  readonly takenMs: number;
}

/** What the state of all replicas is used with. */
export interface KnownEntriesOptions {
  /** By key, the tries of this replica: from one state to the next the same. */
  readonly tried: Map<string, Tried>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** After how long a pod that was let through and then never seen does not count as a try. */
  readonly forgetMs: number;
}

/** The state that all replicas follow, with the tries of this one. */
export class KnownEntries implements TakenBack {
  readonly #entries: TakenBackByKey;
  readonly #options: KnownEntriesOptions;

  /** @param options absent where pods are only asked about, and none is made */
  constructor(entries: TakenBackByKey, options: KnownEntriesOptions = onlyAsked()) {
    this.#entries = entries;
    this.#options = options;
    for (const key of options.tried.keys()) if (!entries.has(key)) options.tried.delete(key);
  }

  of(workload: () => WorkloadName): TakenBackEntry | undefined {
    return this.#entries.size === 0 ? undefined : this.#entries.get(takenBackKey(workload()));
  }

  mayTry(entry: TakenBackEntry, takes: boolean): boolean {
    if (entry.stage !== 'Trying') return false;
    const { tried, clock, forgetMs } = this.#options;
    const key = takenBackKey(entry);
    const before = tried.get(key);
    const nowMs = clock.monotonicMs();
    // Another webhook or a quota may have refused that pod. Of one that was made, the leader says how the try ended.
    if (before?.at === entry.at && nowMs - before.takenMs < forgetMs) return false;
    if (takes) tried.set(key, { at: entry.at, takenMs: nowMs });
    return true;
  }
}

function onlyAsked(): KnownEntriesOptions {
  return { tried: new Map(), clock: { monotonicMs: () => 0 }, forgetMs: 1 };
}

/**
 * Why a new pod is left alone, if its workload was taken back. A pod that has the plan's record already stays as it is: it
 * was let through by an earlier call.
 */
export function takenBackFrom(
  request: PodRequest,
  policy: CompiledPolicy,
  rule: Rule,
  workload: () => CanaryWorkload,
  { takenBack, facts }: Pick<Engine, 'takenBack' | 'facts'>,
): Finding | undefined {
  if (takenBack === undefined || isStrict(policy.spec)) return undefined;
  const entry = takenBack.of(() => ({ namespace: request.namespace, ...workload() }));
  if (entry === undefined || entry.policy !== policy.name || entry.plan !== planIdentity(rule, facts)) return undefined;
  const metadata = objectOf(request.pod['metadata']) ?? {};
  const record = stringOf(objectOf(metadata['annotations'])?.[names.plan]);
  if (record !== undefined && isStampedBy(record, rule.stamp)) return undefined;
  if (!isSameTemplate(entry.template, markOf(request.pod))) return undefined;
  const isNew = request.door === 'mutate' && request.dryRun !== true && !request.trace && policy.spec.mode === 'Inject';
  if (request.door === 'mutate' && takenBack.mayTry(entry, isNew)) return undefined;
  const next = entry.stage === 'LeftAlone' ? `tried again at ${entry.at}` : 'being tried again with another pod';
  return { reason: 'taken_back', detail: `${evidenceText(entry.evidence)}; ${next}` };
}

/** What a rule's pods get, besides what the pod and its namespace decide: the rule, and which images Outrider's own are. */
export function planIdentity(
  { stamp }: Pick<Rule, 'stamp'>,
  { toolsImage, imageRewrites, agentUser }: ClusterFacts,
): string {
  return `${stamp}+${shortHash(JSON.stringify([toolsImage, imageRewrites, agentUser])).slice(0, 8)}`;
}

/** Labels in which controllers note the version of a template. */
const revisionLabels = ['pod-template-hash', 'rollouts-pod-template-hash', 'controller-revision-hash'] as const;
const restartAnnotation = 'kubectl.kubernetes.io/restartedAt';

/**
 * What a pod shows of its template.
 * @param isOurs whether a container of the pod is a part of ours, by name
 */
export function markOf(pod: JsonObject, isOurs: (name: string) => boolean = () => false): TemplateMark {
  const metadata = objectOf(pod['metadata']) ?? {};
  const labels: StringMap = stringMembersOf(metadata['labels']);
  const label = revisionLabels.find((name) => labels[name] !== undefined);
  const revision = label === undefined ? undefined : labels[label]?.slice(0, longestMark);
  const restartedAt = stringOf(objectOf(metadata['annotations'])?.[restartAnnotation])?.slice(0, longestMark);
  return {
    ...(revision === undefined ? {} : { revision }),
    ...(restartedAt === undefined ? {} : { restartedAt }),
    containers: containersOf(pod, isOurs),
  };
}

const longestMark = 64;

/**
 * Whether a pod comes from the template that a mark is of. A controller's revision says it, but that changes with every
 * restart, too, and is not in the template itself: then the containers have to be the same. Other webhooks may have added some to the pod that the mark is of.
 */
export function isSameTemplate(known: TemplateMark, now: TemplateMark): boolean {
  if (known.revision !== undefined && known.revision === now.revision) return true;
  const haveBoth = known.revision !== undefined && now.revision !== undefined;
  if (haveBoth && known.restartedAt === now.restartedAt) return false;
  const there = new Set(known.containers);
  return now.containers.every((container) => there.has(container));
}

function containersOf(pod: JsonObject, isOurs: (name: string) => boolean): readonly string[] {
  const spec = objectOf(pod['spec']) ?? {};
  const all = [...listOf(spec['initContainers']), ...listOf(spec['containers'])].filter(isObject);
  const marks = all
    .filter(({ name }) => !isOurs(stringOf(name) ?? ''))
    .map(({ name, image }) => shortHash(`${stringOf(name) ?? ''}\n${stringOf(image) ?? ''}`).slice(0, 8));
  return [...new Set(marks)].slice(0, mostMarked);
}
