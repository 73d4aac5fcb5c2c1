/** Takes instrumentation back from workloads that it keeps from running, while this replica leads. */
import { rulesOfPolicy } from '../../engine/rules.js';
import type { Engine } from '../../engine/engine.js';
import { planIdentity } from '../../engine/take-back/left-alone.js';
import { nextState, type NextState, type TroubledWorkload } from '../../engine/take-back/next-state.js';
import type { StringMap } from '../../model/selector.js';
import type { TakenBackByKey, TakenBackEntry } from '../../model/taken-back.js';
import type { TakeBackMetrics } from '../../observe/take-back-metrics.js';
import type { Logger } from '../../observe/logger.js';
import { isAborted } from '../../time/abort.js';
import type { Clock } from '../../time/clock.js';
import type { Timing } from '../../time/sleep.js';
import { Wake } from '../../time/wake.js';
import { backOffMs } from '../back-off.js';
import type { ApiClient } from '../client/api-client.js';
import { ApiError } from '../client/api-error.js';
import type { PodClient } from '../coverage/paced-client.js';
import type { NotLookedFor, TakenBackFound } from '../status/taken-back.js';
import { readState, writeState } from './config-map.js';
import { lookRound } from './look-round.js';
import type { TakeBackEvents } from './take-back-events.js';
import type { YoungNamespaces } from './young-namespaces.js';

/** What the leader's part needs. */
export interface TakeBackOptions extends Timing {
  /** Makes objects that go with the installation. */
  readonly client: Pick<ApiClient, 'get' | 'create' | 'replace'>;
  readonly pods: PodClient;
  readonly instance: string;
  readonly ownNamespace: string;
  /** The API server's date, which pods and entries carry. */
  readonly dates: Pick<Clock, 'wallMs'>;
  /** How long a part of ours has to keep pods from running. */
  readonly afterMs: number;
  /** The current engine; `undefined` while nothing is to be done. */
  readonly engine: () => Engine | undefined;
  /** Labels of namespaces by name. */
  readonly namespaces: () => ReadonlyMap<string, StringMap>;
  readonly young: YoungNamespaces;
  readonly metrics: TakeBackMetrics;
  readonly log: Logger;
  /** Absent if no Events should be written. */
  readonly events: TakeBackEvents | undefined;
  /** Called when `of` may have another answer. */
  readonly onResult: () => void;
}

const minuteMs = 60_000;
const leastEveryMs = 1_000;
const requestEveryMs = 100;
const gatherMs = 500;
const retry = { firstMs: 10_000, longestMs: 5 * minuteMs };

/** What this term has found. */
interface Report {
  readonly entries: TakenBackByKey;
  readonly insisted: readonly TroubledWorkload[];
  readonly beyond: ReadonlyMap<string, number>;
  readonly invalid: number;
}

/** Looks each minute, and keeps the state that all replicas follow. */
export class TakeBack {
  readonly #options: TakeBackOptions;
  readonly #wake: Wake;
  readonly #everyMs: number;
  #report: Report | undefined;
  #trouble: string | undefined;
  #failures = 0;
  #turn = 0;

  constructor(options: TakeBackOptions) {
    this.#options = options;
    this.#wake = new Wake(options.sleep);
    this.#everyMs = Math.max(leastEveryMs, Math.min(minuteMs, options.afterMs / 5));
  }

  /** Call this when someone asked for a retry. */
  readonly poke = (): void => this.#wake.poke();

  /** What is known of a policy's workloads; `undefined` before the first look of this term. */
  of(policy: string): TakenBackFound | NotLookedFor | undefined {
    if (this.#report === undefined) {
      return this.#trouble === undefined ? undefined : { notLooked: this.#trouble };
    }
    const { entries, insisted, beyond, invalid } = this.#report;
    const own = [...entries.values()].filter((entry) => entry.policy === policy);
    const inStage = (stage: TakenBackEntry['stage']): readonly TakenBackEntry[] =>
      own.filter((one) => one.stage === stage);
    return {
      leftAlone: inStage('LeftAlone'),
      trying: inStage('Trying'),
      insisted: insisted
        .filter(({ look }) => look.policy === policy)
        .map(({ look, evidence }) => ({ ...look.workload, evidence })),
      beyond: beyond.get(policy) ?? 0,
      invalid,
      trouble: this.#trouble,
    };
  }

  /** Looks while leading. Ends soon after the signal aborts, and never throws for the API server's errors. */
  async run(signal: AbortSignal): Promise<void> {
    const { metrics, random } = this.#options;
    this.#report = undefined;
    this.#trouble = undefined;
    this.#failures = 0;
    metrics.begin();
    while (!isAborted(signal)) {
      let nextMs = this.#everyMs;
      try {
        await this.#look(signal);
        this.#failures = 0;
        this.#trouble = undefined;
      } catch (error) {
        if (isAborted(signal)) break;
        this.#failures += 1;
        this.#fail(error);
        nextMs = Math.max(nextMs, backOffMs(this.#failures, random, error, retry));
      }
      await this.#wake.sleep(nextMs, signal, gatherMs);
    }
    metrics.clear();
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { engine: current, namespaces, pods, dates, clock, afterMs, events, onResult, log } = this.#options;
    const engine = current();
    if (engine === undefined) return;
    const startMs = clock.monotonicMs();
    const timing = { clock: { monotonicMs: () => clock.monotonicMs(), wallMs: () => dates.wallMs() } };
    const known = await readState(this.#options, signal);
    const { looks, requests } = await lookRound({
      ...this.#options,
      ...timing,
      client: pods,
      engine,
      namespaces: namespaces(),
      entries: known.content.entries,
      everyMs: Math.min(requestEveryMs, this.#everyMs / 20),
      turn: this.#turn++,
      signal,
    });
    if (isAborted(signal)) return;
    // A person may have asked for a retry meanwhile.
    const standing = await readState(this.#options, signal);
    const next = nextState({
      before: standing.content.entries,
      looks,
      retries: standing.content.retries,
      plansOf: (policy) => plansOf(engine, policy),
      afterMs,
      nowMs: dates.wallMs(),
    });
    await writeState(this.#options, standing, next.entries, signal);
    this.#say(standing.content.entries, next);
    const { entries, insisted, beyond } = next;
    this.#report = { entries, insisted, beyond, invalid: standing.content.invalid.length };
    events?.looked(next.seen, insisted);
    this.#count(engine, next, clock.monotonicMs() - startMs);
    log.debug({ requests, durationMs: Math.round(clock.monotonicMs() - startMs) }, 'new pods were looked at');
    onResult();
  }

  #count({ rules }: Engine, { entries, insisted, beyond, ended }: NextState, durationMs: number): void {
    const { metrics } = this.#options;
    const counts = new Map(
      rules.policyNames.map((policy) => {
        const own = [...entries.values()].filter((entry) => entry.policy === policy);
        const trying = own.filter(({ stage }) => stage === 'Trying').length;
        const kept = insisted.filter(({ look }) => look.policy === policy).length;
        const counted = { left_alone: own.length - trying, trying, insisted: kept, beyond: beyond.get(policy) ?? 0 };
        return [policy, counted] as const;
      }),
    );
    metrics.looked(counts, durationMs);
    metrics.countTries('success', ended.succeeded);
    metrics.countTries('failure', ended.failed);
  }

  /** Logs what is new. */
  #say(before: TakenBackByKey, { entries }: NextState): void {
    const { log } = this.#options;
    for (const [key, entry] of entries) {
      const { namespace, kind, name, policy, evidence, at, tries, stage } = entry;
      if (before.get(key)?.stage === stage && before.get(key)?.at === at) continue;
      const about = { namespace, workload: `${kind}/${name}`, policy, tries, at };
      if (stage === 'Trying') log.info(about, 'a workload that instrumentation was taken back from is tried again');
      else log.warn({ ...about, evidence }, 'instrumentation was taken back from a workload');
    }
    for (const [key, { namespace, kind, name, policy }] of before) {
      if (entries.has(key)) continue;
      log.info({ namespace, workload: `${kind}/${name}`, policy }, 'a workload is instrumented again');
    }
  }

  #fail(error: unknown): void {
    const { log, onResult } = this.#options;
    this.#trouble =
      error instanceof ApiError ? troubleOf(error) : 'something unexpected went wrong; the leader’s log has it';
    log.warn({ err: error }, 'pods that parts of ours may keep from running could not be looked at; it is tried again');
    onResult();
  }
}

/** What a policy's pods get now. */
function plansOf({ rules, facts }: Engine, policy: string): readonly string[] {
  const rule = rules.byPolicy.get(policy);
  return rule === undefined ? [] : rulesOfPolicy(rule).map((one) => planIdentity(one, facts));
}

function troubleOf({ status }: ApiError): string {
  if (status === 0) return 'the API server did not answer';
  if (status === 403) return 'Outrider may not list pods or keep its ConfigMap (chart: takeBackAfter)';
  return `the API server answered ${status}`;
}
