/**
 * What keeps a pod from running that is ours, by what its node says. Only parts that are as planned count: a container that
 * is merely called like one of ours is none. An application's own end, whatever its exit code, is no evidence.
 */
import { runsWrapper } from '../../inject/argv.js';
import type { Plan, PlannedMember } from '../../inject/pod/plan.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { boundedEvidence, type Evidence, type Trouble } from '../../model/taken-back.js';

/** How our parts in one pod do. */
export type PodState =
  /** A part of ours keeps the pod from running, since then. */
  | { readonly state: 'fails'; readonly evidence: Evidence; readonly sinceMs: number }
  /** Every part of ours did what it had to or runs, since then. */
  | { readonly state: 'runs'; readonly sinceMs: number }
  /** It is too early to say, or something else stands in the way. */
  | { readonly state: 'unclear' };

interface Found {
  readonly trouble: Trouble;
  readonly container: string;
  readonly image: string;
  readonly words: string;
}

const unclear: PodState = { state: 'unclear' };

/** What the kubelet waits with where it cannot get an image. */
const imageReasons = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);
/** What it waits with where it cannot make a container. */
const makingReasons = new Set([
  'CreateContainerError',
  'CreateContainerConfigError',
  'RunContainerError',
  'PreCreateHookError',
]);

/**
 * Says how the parts of ours do in a pod that has them as planned.
 * @param plan the plan for the running pod, made afresh
 */
export function podState(pod: JsonObject, plan: Plan): PodState {
  const own = [...plan.initContainers, ...plan.containers];
  if (
    plan.workload.length === 0 ||
    own.some(({ present, differences }) => present === undefined || differences.length > 0)
  ) {
    return unclear;
  }
  const status = objectOf(pod['status']) ?? {};
  const statuses = statusesOf(status);
  const found = firstOf(own, (member) => ownTrouble(member, statuses, plan)) ?? workloadTrouble(plan, statuses);
  if (found !== undefined) {
    if (isReady(status)) return unclear;
    const name = stringOf(objectOf(pod['metadata'])?.['name']) ?? '';
    return {
      state: 'fails',
      evidence: boundedEvidence({ ...found, pods: [name] }),
      sinceMs: notReadySinceMs(pod, status),
    };
  }
  return runsSince(own, plan, statuses);
}

type Statuses = ReadonlyMap<string, JsonObject>;

function statusesOf(status: JsonObject): Statuses {
  const all = [...listOf(status['initContainerStatuses']), ...listOf(status['containerStatuses'])];
  return new Map(all.filter(isObject).map((one) => [stringOf(one['name']) ?? '', one]));
}

/** What keeps one of our own containers from its work. */
function ownTrouble({ part, name, value }: PlannedMember, statuses: Statuses, plan: Plan): Found | undefined {
  const status = statuses.get(name);
  if (status === undefined || part === 'volume') return undefined;
  const about = { container: name, image: stringOf(value['image']) ?? '' };
  const waiting = waitingOf(status);
  if (waiting !== undefined && imageReasons.has(waiting.reason)) {
    return { ...about, trouble: 'image_not_pulled', words: waiting.words };
  }
  const trouble = part === 'agent' ? 'agent_fails' : 'step_fails';
  if (waiting !== undefined && makingReasons.has(waiting.reason)) return { ...about, trouble, words: waiting.words };
  const ended = failedEnd(status);
  if (ended === undefined) return undefined;
  if (part !== 'agent') return { ...about, trouble, words: ended };
  return keepsFailing(status) && isAllElseWell(name, plan, statuses) ? { ...about, trouble, words: ended } : undefined;
}

/** A container that does not run now, or did not end well. @returns how it ended, for people */
function failedEnd(status: JsonObject): string | undefined {
  const state = objectOf(status['state']) ?? {};
  const now = objectOf(state['terminated']);
  const before = objectOf(objectOf(status['lastState'])?.['terminated']);
  const ended = now ?? before;
  if (ended === undefined || now?.['exitCode'] === 0) return undefined;
  const code = ended['exitCode'];
  if (code === 0 || typeof code !== 'number') return undefined;
  return `ended with ${code} (${stringOf(ended['reason']) ?? 'Error'}), ${restartsOf(status)} restarts`;
}

/** Whether a container ended badly more than once, and is not ready. */
function keepsFailing(status: JsonObject): boolean {
  return status['ready'] !== true && (restartsOf(status) >= 2 || waitingOf(status)?.reason === 'CrashLoopBackOff');
}

/** Whether the containers of the workload are ready, or only wait for the agent. */
function isAllElseWell(agent: string, plan: Plan, statuses: Statuses): boolean {
  const own = new Set([...plan.initContainers, ...plan.containers].map(({ name }) => name));
  for (const [name, status] of statuses) {
    if (name === agent || own.has(name) || status['ready'] === true) continue;
    const isOver = objectOf(objectOf(status['state'])?.['terminated'])?.['exitCode'] === 0;
    if (!isOver && waitingOf(status)?.reason !== 'PodInitializing') return false;
  }
  return true;
}

/** What of ours keeps a container of the workload from starting: our program, or an image volume of ours. */
function workloadTrouble(plan: Plan, statuses: Statuses): Found | undefined {
  const wrapper = plan.recipe.wrapper ?? [];
  const images = plan.volumes
    .filter(({ ofNode }) => ofNode === undefined)
    .flatMap(({ value }) => stringOf(objectOf(value['image'])?.['reference']) ?? []);
  return firstOf(plan.workload, ({ container }) => {
    const status = statuses.get(container.name);
    if (status === undefined) return undefined;
    const waiting = waitingOf(status);
    const volume = images.find((image) => image !== container.image && waiting?.words.includes(image) === true);
    if (waiting !== undefined && volume !== undefined && imageReasons.has(waiting.reason)) {
      return { container: container.name, image: volume, trouble: 'image_not_pulled', words: waiting.words };
    }
    const [program] = wrapper;
    if (program === undefined || !runsWrapper(container.command, wrapper)) return undefined;
    const words = startErrorOf(status);
    if (words?.includes(`"${program}"`) !== true) return undefined;
    return { container: container.name, image: container.image, trouble: 'wrapper_refused', words };
  });
}

/** What the runtime says where it could not start a container's program. */
function startErrorOf(status: JsonObject): string | undefined {
  if (objectOf(status['state'])?.['running'] !== undefined) return undefined;
  const waiting = waitingOf(status);
  if (waiting?.reason === 'RunContainerError') return waiting.words;
  for (const state of [objectOf(status['state']), objectOf(status['lastState'])]) {
    const ended = objectOf(state?.['terminated']);
    const reason = stringOf(ended?.['reason']);
    if (reason === 'StartError' || reason === 'ContainerCannotRun') return stringOf(ended?.['message']);
  }
  return undefined;
}

function waitingOf(status: JsonObject): { readonly reason: string; readonly words: string } | undefined {
  const waiting = objectOf(objectOf(status['state'])?.['waiting']);
  const reason = stringOf(waiting?.['reason']);
  if (reason === undefined) return undefined;
  const message = stringOf(waiting?.['message']);
  return { reason, words: message === undefined ? reason : `${reason}: ${message}` };
}

/** Since when every step of ours has ended well, the agent runs, and our program has started what it has to. */
function runsSince(own: readonly PlannedMember[], plan: Plan, statuses: Statuses): PodState {
  const times: number[] = [];
  for (const { part, name } of own) {
    const state = objectOf(statuses.get(name)?.['state']);
    const ended = objectOf(state?.['terminated']);
    const since =
      part === 'agent'
        ? objectOf(state?.['running'])?.['startedAt']
        : ended?.['exitCode'] === 0
          ? ended['finishedAt']
          : undefined;
    times.push(timeOf(since));
  }
  for (const { container } of plan.workload) {
    const status = statuses.get(container.name);
    const state = objectOf(status?.['state']);
    const started = objectOf(state?.['running']) ?? objectOf(state?.['terminated']);
    const before = objectOf(objectOf(status?.['lastState'])?.['terminated']);
    // An application that crashes by itself was started by us all the same.
    times.push(timeOf((started ?? before)?.['startedAt']));
  }
  const sinceMs = Math.max(...times);
  return Number.isNaN(sinceMs) ? unclear : { state: 'runs', sinceMs };
}

function isReady(status: JsonObject): boolean {
  return conditionOf(status, 'Ready')?.['status'] === 'True';
}

/** Since when a pod has not been Ready; where that is not said, since it is there. */
function notReadySinceMs(pod: JsonObject, status: JsonObject): number {
  const changed = timeOf(conditionOf(status, 'Ready')?.['lastTransitionTime']);
  const started = timeOf(status['startTime'] ?? objectOf(pod['metadata'])?.['creationTimestamp']);
  return Number.isNaN(changed) ? started : changed;
}

function conditionOf(status: JsonObject, type: string): JsonObject | undefined {
  return listOf(status['conditions'])
    .filter(isObject)
    .find((condition) => condition['type'] === type);
}

function timeOf(value: unknown): number {
  return typeof value === 'string' ? Date.parse(value) : NaN;
}

function restartsOf(status: JsonObject): number {
  const count = status['restartCount'];
  return typeof count === 'number' ? count : 0;
}

function firstOf<Item, Result>(items: readonly Item[], find: (item: Item) => Result | undefined): Result | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
