/**
 * What follows from a look at pods: which workloads are left alone from now on, which are tried again, and which are
 * instrumented again. Pure, and the same look twice changes nothing.
 */
import {
  isReadableEntry,
  takenBackKey,
  type TakenBackByKey,
  type TakenBackEntry,
  type Evidence,
} from '../../model/taken-back.js';
import { isSameTemplate } from './left-alone.js';
import type { PodLook } from './look.js';
import { Places } from './places.js';

/** The longest time until a workload is tried again, as a multiple of the first. */
export const longestWait = 72;

/** What was found of one workload's pods. */
export interface WorkloadLook {
  /** Of the current plan, in any order. */
  readonly pods: readonly PodLook[];
  /** Whether these are all of its new pods that are not as they should be, and none is as it should be. */
  readonly isAll: boolean;
}

/** A workload in which a part of ours keeps pods from running. */
export interface TroubledWorkload {
  readonly look: PodLook;
  readonly evidence: Evidence;
}

/** What a state is made from. */
export interface NextStateOptions {
  readonly before: TakenBackByKey;
  readonly looks: readonly WorkloadLook[];
  /** Keys of workloads that a person asked to be tried again now. */
  readonly retries: ReadonlySet<string>;
  /** What a policy's pods get now: see `planIdentity`. A canary's policy has several. */
  readonly plansOf: (policy: string) => readonly string[];
  /** How long a part has to fail, or to run. */
  readonly afterMs: number;
  readonly nowMs: number;
}

/** The state that follows. */
export interface NextState {
  readonly entries: TakenBackByKey;
  /** Those that have trouble and whose policy insists. */
  readonly insisted: readonly TroubledWorkload[];
  /** Those that are in the state, as far as their pods were seen to fail in this look. */
  readonly seen: readonly TroubledWorkload[];
  /** By policy, how many there was no place for. */
  readonly beyond: ReadonlyMap<string, number>;
  /** Tries that ended, by how. */
  readonly ended: { readonly succeeded: number; readonly failed: number };
}

/** Makes the state that follows from a look. */
export function nextState(options: NextStateOptions): NextState {
  return new Following(options).run();
}

class Following {
  readonly #options: NextStateOptions;
  readonly #places: Places;
  readonly #insisted: TroubledWorkload[] = [];
  readonly #seen: TroubledWorkload[] = [];
  readonly #beyond = new Map<string, number>();
  #succeeded = 0;
  #failed = 0;

  constructor(options: NextStateOptions) {
    this.#options = options;
    const { before, plansOf } = options;
    this.#places = new Places([...before].filter(([, { policy, plan }]) => plansOf(policy).includes(plan)));
  }

  run(): NextState {
    for (const look of this.#options.looks) this.#take(look);
    for (const [key, entry] of this.#places.entries) this.#tryAgain(key, entry);
    return {
      entries: this.#places.entries,
      insisted: this.#insisted,
      seen: this.#seen,
      beyond: this.#beyond,
      ended: { succeeded: this.#succeeded, failed: this.#failed },
    };
  }

  #take({ pods: all, isAll }: WorkloadLook): void {
    const [first, ...rest] = all;
    if (first === undefined) return;
    const latest = rest.reduce((one, other) => (other.createdMs > one.createdMs ? other : one), first);
    const pods = all.filter((one) => isMadeAlike(one, latest));
    const key = takenBackKey(latest.workload);
    const entry = this.#places.entries.get(key);
    const standing = entry !== undefined && isOf(entry, latest) ? entry : undefined;
    // What is left of a template before says nothing about the one that the entry is about.
    if (entry !== undefined && standing === undefined && latest.createdMs <= Date.parse(entry.since)) return;
    if (standing?.stage === 'Trying' && this.#endTry(key, standing, pods)) return;
    const troubled = this.#troubleIn(pods, isAll);
    if (troubled === undefined) return;
    if (troubled.look.insists) this.#insisted.push(troubled);
    else if (standing !== undefined) this.#seen.push(troubled);
    else this.#leaveAlone(troubled);
  }

  /** @returns whether the try is over */
  #endTry(key: string, entry: TakenBackEntry, pods: readonly PodLook[]): boolean {
    const openedMs = Date.parse(entry.at);
    const tried = pods.filter(({ createdMs }) => createdMs >= openedMs);
    const failed = tried.find(({ found }) => this.#hasFailed(found));
    if (failed?.found.state === 'fails') {
      const tries = entry.tries + 1;
      const { evidence } = failed.found;
      this.#put({ ...entry, tries, evidence, stage: 'LeftAlone', at: this.#after(tries), template: failed.template });
      this.#seen.push({ look: failed, evidence });
      this.#failed++;
      return true;
    }
    const { afterMs, nowMs } = this.#options;
    const sinceMs = Date.parse(entry.since);
    // A pod whose parts ran before proves nothing; one that got over it does as well as a new one.
    const runs = pods.some(
      ({ found }) => found.state === 'runs' && found.sinceMs > sinceMs && nowMs - found.sinceMs >= afterMs,
    );
    if (!runs || tried.some(({ found }) => found.state === 'fails')) return false;
    this.#places.remove(key);
    this.#succeeded++;
    return true;
  }

  #leaveAlone(troubled: TroubledWorkload): void {
    const { look, evidence } = troubled;
    const { workload, policy, plan, template } = look;
    const since = timeText(this.#options.nowMs);
    const entry = { ...workload, policy, plan, template, evidence, since, tries: 0, stage: 'LeftAlone' as const };
    if (this.#put({ ...entry, at: this.#after(0) })) this.#seen.push(troubled);
    else this.#beyond.set(policy, (this.#beyond.get(policy) ?? 0) + 1);
  }

  #put(entry: TakenBackEntry): boolean {
    return isReadableEntry(entry) && this.#places.put(entry);
  }

  /** In two pods, or in all new ones. */
  #troubleIn(pods: readonly PodLook[], isAll: boolean): TroubledWorkload | undefined {
    const failing = pods.filter(({ found }) => this.#hasFailed(found));
    const [look] = failing;
    if (look?.found.state !== 'fails') return undefined;
    if (failing.length < 2 && !(isAll && failing.length === pods.length)) return undefined;
    const named = failing.slice(0, 2).map(({ pod }) => pod);
    return { look, evidence: { ...look.found.evidence, pods: named } };
  }

  #hasFailed(found: PodLook['found']): boolean {
    return found.state === 'fails' && this.#options.nowMs - found.sinceMs >= this.#options.afterMs;
  }

  #tryAgain(key: string, entry: TakenBackEntry): void {
    const { nowMs, afterMs, retries } = this.#options;
    if (entry.stage !== 'LeftAlone') return;
    const waitMs = Date.parse(entry.at) - nowMs;
    // One that waits for longer than any wait is not ours.
    if (waitMs > 0 && waitMs <= afterMs * longestWait && !retries.has(key)) return;
    this.#put({ ...entry, stage: 'Trying', at: timeText(nowMs) });
  }

  #after(tries: number): string {
    const { afterMs, nowMs } = this.#options;
    return timeText(nowMs + Math.min(afterMs * 2 ** Math.min(tries, 30), afterMs * longestWait));
  }
}

function isMadeAlike(one: PodLook, other: PodLook): boolean {
  return one.policy === other.policy && one.plan === other.plan && isSameTemplate(other.template, one.template);
}

/** Whether an entry is about what a pod was made by. */
function isOf(entry: TakenBackEntry, { policy, plan, template }: PodLook): boolean {
  return entry.policy === policy && entry.plan === plan && isSameTemplate(entry.template, template);
}

function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
