import type { Outcome } from '../../engine/outcome.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { containerOf, idOf, isOwnCgroup, leadsUp } from './cgroup.js';
import { expectedOf, type Expectation, type Expected } from './expected.js';
import { isAlive, judge, seenOf, type Doubt, type Judgement, type NamedProcess } from './judge.js';
import type { Looked } from './look-into.js';
import type { Look, LookedProcess } from './parse-look.js';
import { listed, type DebugContainer, type VerifiedContainer, type VerifiedPod, type Way } from './report.js';

/** A container as the kubelet reports it. */
interface Reported {
  readonly name: string;
  readonly id: string;
  readonly running: boolean;
  /** Why it does not run, in one word. */
  readonly why: string;
  readonly debug: boolean;
}

/** What verifying a pod needs from its surroundings. */
export interface PodLook {
  /** Looks at the pod's processes. */
  readonly look: (expected: Expected, isRunning: (container: string) => boolean) => Promise<Looked>;
  /** Reads the pod again, because containers may have started since; `undefined` if it is gone. */
  readonly again: () => Promise<JsonObject | undefined>;
}

/**
 * Verifies one pod.
 *
 * @param outcome the outcome of deciding on the pod again
 * @param alsoTracers further names that the tracer may have
 * @returns `undefined` if the pod disappeared meanwhile
 */
export async function verifyPod(
  pod: JsonObject,
  outcome: Outcome,
  alsoTracers: readonly string[],
  { look, again }: PodLook,
): Promise<VerifiedPod | undefined> {
  const expected = expectedOf(pod, outcome, alsoTracers);
  const { decision, rule } = outcome;
  const about = {
    name: stringOf(objectOf(pod['metadata'])?.['name']) ?? '',
    ...(decision.policy === undefined ? {} : { policy: decision.policy }),
    ...(rule === undefined ? {} : { profile: rule.profile.metadata.name }),
  };
  const before = reportedIn(pod);
  if (expected.containers.every(({ traced }) => !traced)) {
    const way: Way = { by: 'none', detail: 'nothing in it is to be traced' };
    const containers = expected.containers.map((each) => notLooked(each, undefined, way));
    return { ...about, way, containers, debugContainers: [], couldForge: [], others: listed([]) };
  }
  const looked = await look(expected, (name) => before.some((each) => each.name === name && each.running));
  const now = await again();
  if (now === undefined) return undefined;
  const after = reportedIn(now);
  const reportOf = (name: string): Reported | undefined => after.find((each) => each.name === name);
  if (looked.look === undefined) {
    const containers = expected.containers.map((each) => notLooked(each, reportOf(each.name), looked.way));
    return { ...about, way: looked.way, containers, debugContainers: [], couldForge: [], others: listed([]) };
  }
  const sorted = sortProcesses(looked.look, [...before, ...after]);
  const containers = expected.containers.map((each) => {
    if (!each.traced || each.doubt !== undefined) return notLooked(each, reportOf(each.name), looked.way);
    const judged = judge(sorted.of(each.name), sorted.seen, expected.tracerNames);
    return judgedContainer(each, judged, reportOf(each.name), sorted.complete);
  });
  const debugContainers = after
    .filter(({ name, debug }) => debug && name !== looked.way.container)
    .map(({ name }): DebugContainer => ({ name, processes: listed(sorted.of(name).map(named)) }))
    .filter(({ processes }) => processes.listed.length > 0);
  const couldForge = after.flatMap(({ name }) => (sorted.of(name).some(({ mayTrace }) => mayTrace) ? [name] : []));
  const others = listed(sorted.others.map(named));
  return { ...about, way: looked.way, containers, debugContainers, couldForge, others };
}

/** The containers of a pod's status, all of them. */
function reportedIn({ status }: JsonObject): readonly Reported[] {
  return ['initContainerStatuses', 'containerStatuses', 'ephemeralContainerStatuses'].flatMap((list) =>
    listOf(objectOf(status)?.[list])
      .filter(isObject)
      .map((each) => {
        const state = objectOf(each['state']) ?? {};
        const rest = objectOf(state['waiting']) ?? objectOf(state['terminated']);
        return {
          name: stringOf(each['name']) ?? '',
          id: idOf(stringOf(each['containerID']) ?? ''),
          running: objectOf(state['running']) !== undefined,
          why: stringOf(rest?.['reason']) ?? 'it has not started',
          debug: list === 'ephemeralContainerStatuses',
        };
      }),
  );
}

/** Processes by the container that they are in. */
function sortProcesses({ processes, complete }: Look, reported: readonly Reported[]) {
  const ids = new Map(reported.filter(({ id }) => id !== '').map(({ id, name }) => [id, name]));
  const alive = [...processes.values()].filter(isAlive);
  const isRelative = alive.some(({ cgroups }) => cgroups.some(leadsUp));
  const byName = new Map<string, LookedProcess[]>();
  const others: LookedProcess[] = [];
  for (const process of alive) {
    const name = containerOf(process.cgroups, ids);
    if (name !== undefined) byName.set(name, [...(byName.get(name) ?? []), process]);
    // Process 1 of a shared process namespace belongs to the sandbox.
    else if (process.pid !== 1 && !isOwnCgroup(process.cgroups, isRelative)) others.push(process);
  }
  return {
    of: (name: string): readonly LookedProcess[] => byName.get(name) ?? [],
    others,
    seen: seenOf(processes),
    complete,
  };
}

/** A container of which no process was looked at. */
function notLooked(expectation: Expectation, reported: Reported | undefined, way: Way): VerifiedContainer {
  const { name } = expectation;
  if (!expectation.traced) {
    const { detail, reason } = expectation;
    return { name, state: 'not_covered', by: 'nothing', detail, ...(reason === undefined ? {} : { reason }) };
  }
  if (reported !== undefined && !reported.running) {
    return { name, state: 'no_process', by: 'status', detail: reported.why };
  }
  if (expectation.doubt !== undefined) return { name, state: 'not_known', by: 'nothing', detail: expectation.doubt };
  if (expectation.wrapped) return { name, state: 'not_known', by: 'nothing', detail: way.detail ?? 'nobody looked' };
  const detail = 'the pod’s spec starts it without the tracer';
  const more = expectation.detail === undefined ? '' : `; ${expectation.detail}`;
  return { name, state: 'untraced', by: 'spec', detail: `${detail}${more}` };
}

function judgedContainer(
  { name }: Expectation,
  { state, doubt, tracer, traced, untraced, sessions }: Judgement,
  reported: Reported | undefined,
  complete: boolean,
): VerifiedContainer {
  const by = 'processes';
  if (state === 'none') {
    if (reported?.running !== true) {
      return { name, state: 'no_process', by: 'status', detail: reported?.why ?? 'it has not started' };
    }
    return { name, state: 'not_known', by, detail: 'it runs, and none of the processes could be told to be its own' };
  }
  const about = {
    name,
    by,
    traced,
    ...(tracer === undefined ? {} : { tracer }),
    ...(sessions.length === 0 ? {} : { sessions: listed(sessions) }),
  } as const;
  if (state === 'untraced') {
    return { ...about, state, detail: `${untraced.length} not traced`, untraced: listed(untraced) };
  }
  if (state === 'unknown') return { ...about, state: 'not_known', detail: doubtText(doubt) };
  if (complete) return { ...about, state, detail: '' };
  return { ...about, state: 'not_known', detail: 'there are more threads than were looked at' };
}

function doubtText(doubt: Doubt | undefined): string {
  if (doubt === 'foreign_tracer')
    return 'all is traced, by a program that is not called as the profile’s tracer is (--tracer NAME)';
  if (doubt === 'only_tracer')
    return 'one process alone, called like the tracer: it has started nothing, or only bears its name';
  return 'all that runs in it came in by exec';
}

function named({ pid, name }: LookedProcess): NamedProcess {
  return { pid, name };
}
