import { isApiError, type ApiError } from '../../cluster/client/api-error.js';
import { awaitRollout, isPassing, type RolloutEnd } from '../../cluster/rollout/await-rollout.js';
import { fieldManagerFor, gitOpsRemark, ownManagers } from '../../cluster/rollout/gitops.js';
import { podTrouble } from '../../cluster/rollout/pod-trouble.js';
import { isRestartedBy, restartOf } from '../../cluster/rollout/restart-patch.js';
import type { FoundWorkload } from '../../cluster/rollout/list-workloads.js';
import { rolloutOf } from '../../cluster/rollout/rollout.js';
import { OutriderError } from '../../model/error.js';
import { objectOf, type JsonObject } from '../../model/json.js';
import { controllerIn } from '../../model/workload-of.js';
import { isAborted } from '../../time/abort.js';
import type { Timing } from '../../time/sleep.js';
import type { RestartResult, RoundReport, Stopped } from './result.js';
import {
  countsOf,
  isHeld,
  needText,
  needyPods,
  neverRestarted,
  verdictOn,
  type RestartFacts,
  type Wanted,
} from './verdict.js';
import { called, describeCommand, kindOf, madeBy, wayBack, workloadIn } from './target-words.js';
import type { WorkloadState } from './workload-state.js';

/** A workload of a round, as it was read. */
export interface Target extends FoundWorkload {
  /** What its pods lack. @throws OutriderError */
  readonly judge: (object: JsonObject) => Promise<WorkloadState>;
  /** For a workload that was taken back: when. A restart before that is not one that was to end it. */
  readonly takenBackMs?: number;
  /**
   * For such a workload: has new pods left alone until then, also where it is about to be tried again.
   *
   * @returns why that cannot be; `undefined` if it is so
   */
  readonly hold?: (untilMs: number) => Promise<string | undefined>;
}

/** What a round does in a cluster. Each method throws ApiError. */
export interface RoundAccess {
  /** Reads a workload again. */
  read(target: Target): Promise<JsonObject>;
  /** Restarts a workload if it is still as it was read. */
  restart(target: Target, object: JsonObject, how: RestartOrder): Promise<JsonObject>;
  /** Its pods; none if they cannot be read. */
  pods(target: Target, object: JsonObject): Promise<readonly JsonObject[]>;
}

/** How to write one restart. */
export interface RestartOrder {
  readonly at: string;
  readonly fieldManager: string;
  readonly dryRun: boolean;
}

/** The settings of a round. */
export interface RoundOptions extends Pick<Timing, 'clock' | 'sleep'> {
  readonly access: RoundAccess;
  readonly wanted: Wanted;
  readonly dryRun: boolean;
  /** The most workloads to restart. */
  readonly max: number;
  /** The most time for each rollout. */
  readonly timeoutMs: number;
  /** Given by the command line. */
  readonly fieldManager: string | undefined;
  /** Ends the round. No more workloads are restarted. */
  readonly signal: AbortSignal;
  readonly programName: string;
  /** Receives the progress. */
  readonly onProgress: (target: Target, text: string) => void;
  readonly onResult: (result: RestartResult) => void;
}

/** How often a workload that changed between the look and the restart is looked at again. */
const looks = 4;
/** An older restart by us belongs to another round. */
const roundMs = 24 * 3_600_000;

/**
 * One round of restarts: one workload at a time, each waited for and looked at again, until the first that fails. It stores
 * no state. A later round continues where this one ended, because restarted workloads no longer lack anything.
 */
export class RestartRound {
  readonly #options: RoundOptions;
  readonly #results: RestartResult[] = [];
  #restarts = 0;

  constructor(options: RoundOptions) {
    this.#options = options;
  }

  /**
   * Runs the round.
   *
   * @throws OutriderError if something cannot be looked at, as long as nothing has been restarted
   */
  async run(targets: AsyncIterable<Target>): Promise<RoundReport> {
    for await (const target of targets) {
      const before = this.#reasonToStop();
      if (before !== undefined) return { results: this.#results, stopped: before };
      const result = await this.#settle(target);
      this.#results.push(result);
      this.#options.onResult(result);
      // A dry run reports everything that would fail.
      if (result.outcome === 'failed' && !this.#options.dryRun) return { results: this.#results, stopped: 'failed' };
    }
    return { results: this.#results, stopped: isAborted(this.#options.signal) ? 'interrupted' : undefined };
  }

  #reasonToStop(): Stopped | undefined {
    const { signal, max } = this.#options;
    if (isAborted(signal)) return 'interrupted';
    return this.#restarts >= max ? 'max' : undefined;
  }

  async #settle(target: Target): Promise<RestartResult> {
    try {
      return await this.#restartOne(target);
    } catch (error) {
      if (!(error instanceof OutriderError) || this.#restarts === 0) throw error;
      return { ...about(target), outcome: 'failed', detail: error.message };
    }
  }

  async #restartOne(target: Target): Promise<RestartResult> {
    const never = neverRestarted(kindOf(target), madeBy(target), target.namespace, this.#options.programName);
    if (never !== undefined) return refusal(about(target), never);
    let { object } = target;
    for (let look = 1; ; look++) {
      const facts = await this.#factsOf(target, object);
      const found = { ...about(target), ...knownOf(facts.state) };
      const verdict = verdictOn(facts);
      if (verdict.act === 'nothing') return { ...found, outcome: 'unchanged', detail: verdict.why };
      if (verdict.act === 'refuse') return refusal(found, verdict);
      if (verdict.act === 'fail') return { ...refusal(found, verdict), outcome: 'failed' };
      const at = restartOf(object);
      if (verdict.act === 'wait' && this.#options.dryRun) {
        const detail = 'an earlier restart is still being rolled out, and would be waited for';
        return { ...found, outcome: 'would_restart', detail };
      }
      if (verdict.act === 'wait' && at !== undefined) return this.#seeThrough(target, facts, { at, found });
      const refusedHold = this.#options.dryRun ? undefined : await this.#hold(target);
      if (refusedHold !== undefined) return refusal(found, refusedHold);
      const written = await this.#write(target, facts, object);
      if (written === 'changed' && look < looks) {
        object = await this.#readAgain(target);
        continue;
      }
      if (written === 'changed') {
        return { ...found, outcome: 'not_restarted', detail: 'it changes all the time', remedy: 'run this again' };
      }
      if ('outcome' in written) return { ...found, ...written };
      return this.#seeThrough(target, facts, { at: written.at, found: { ...found, ...written.remark } });
    }
  }

  async #factsOf(target: Target, object: JsonObject): Promise<RestartFacts> {
    const { clock, wanted, programName, fieldManager } = this.#options;
    const rollout = rolloutOf(object);
    if (rollout === undefined) throw new OutriderError('internal', `${called(target)} has no rollout.`);
    const ordinals = objectOf(objectOf(object['spec'])?.['ordinals']);
    const start = ordinals?.['start'];
    const restartedMs = Date.parse(restartOf(object) ?? '');
    return {
      workload: workloadIn(target),
      namespace: target.namespace,
      called: called(target),
      owner: controllerIn(objectOf(object['metadata']) ?? {}),
      state: await target.judge(object),
      rollout,
      firstOrdinal: typeof start === 'number' ? start : 0,
      isOurs:
        clock.wallMs() - restartedMs < roundMs &&
        restartedMs > (target.takenBackMs ?? -Infinity) &&
        isRestartedBy(object, ownManagers(fieldManager)),
      wanted,
      programName,
    };
  }

  /** Makes sure that no new pod gets parts of ours until the rollout is over. @returns why that cannot be */
  async #hold({ hold }: Target): Promise<{ readonly why: string; readonly remedy: string } | undefined> {
    const { clock, sleep, signal, timeoutMs } = this.#options;
    if (hold === undefined) return undefined;
    const why = await hold(clock.wallMs() + timeoutMs);
    if (why !== undefined) return { why, remedy: 'ask whoever runs Outrider to restart it, or to pause Outrider' };
    await sleep(followMs, signal);
    return undefined;
  }

  /** Writes the restart, or only tries to in a dry run. `changed`: the object is no longer as it was read. */
  async #write(
    target: Target,
    { state }: RestartFacts,
    object: JsonObject,
  ): Promise<'changed' | Finding | { readonly at: string; readonly remark: { readonly remark?: string } }> {
    const { access, clock, dryRun, onProgress } = this.#options;
    const fieldManager = this.#options.fieldManager ?? fieldManagerFor(object);
    const said = gitOpsRemark(object, fieldManager);
    const remark = said === undefined ? {} : { remark: said };
    const at = new Date(clock.wallMs()).toISOString().replace(/\.\d+Z$/, 'Z');
    if (!dryRun) onProgress(target, `restarting: ${needText(state)}`);
    try {
      await access.restart(target, object, { at, fieldManager, dryRun });
    } catch (error) {
      if (!isApiError(error)) throw error;
      if (isApiError(error, 'Conflict')) return 'changed';
      const isUnknown = isPassing(error) && !dryRun;
      if (!isUnknown || !(await this.#isWritten(target, at)))
        return { outcome: 'failed', ...refusedPatch(error, dryRun) };
    }
    this.#restarts += 1;
    if (dryRun) return { outcome: 'would_restart', detail: needText(state), ...remark };
    return { at, remark };
  }

  /** Whether a restart was written although its request got no answer. */
  async #isWritten(target: Target, at: string): Promise<boolean> {
    return restartOf(await this.#readAgain(target)) === at;
  }

  /** Reads an object, and retries while the API server does not answer. @throws OutriderError */
  async #readAgain(target: Target): Promise<JsonObject> {
    const { access, clock, sleep, timeoutMs, signal } = this.#options;
    const untilMs = clock.monotonicMs() + timeoutMs;
    for (;;) {
      try {
        return await access.read(target);
      } catch (error) {
        if (!isApiError(error)) throw error;
        if (!isPassing(error) || clock.monotonicMs() >= untilMs || isAborted(signal)) {
          const message = `${called(target)} in namespace ${target.namespace} cannot be read any more: ${error.message}`;
          throw new OutriderError('cluster_unavailable', message, { cause: error });
        }
      }
      await sleep(retryMs, signal);
    }
  }

  /** Waits for a restart and checks whether it helped. */
  async #seeThrough(
    target: Target,
    facts: RestartFacts,
    { at, found }: { readonly at: string; readonly found: About },
  ): Promise<RestartResult> {
    const { access, clock, sleep, timeoutMs, signal, onProgress, programName, wanted } = this.#options;
    const end: RolloutEnd = await awaitRollout({
      read: () => access.read(target),
      at,
      timeoutMs,
      clock,
      sleep,
      signal,
      onProgress: (text) => onProgress(target, text),
    });
    if (end.end === 'interrupted') {
      const detail = `it is restarted, and its rollout goes on: ${end.why}`;
      return { ...found, outcome: 'interrupted', detail, remedy: 'run this again to go on' };
    }
    if (end.end === 'failed') {
      const trouble = podTrouble(await access.pods(target, target.object));
      const detail = trouble === undefined ? end.why : `${end.why}; ${trouble}`;
      return { ...found, outcome: 'failed', detail, remedy: wanted.broken ? describeCommand(target) : wayBack(target) };
    }
    const after = await this.#factsOf(target, end.object);
    const left = needyPods(after).filter((pod) => !isHeld(pod, after));
    const [first] = left;
    if (first !== undefined || after.state.obstacle !== undefined) {
      const why =
        after.state.obstacle?.why ?? `${needText(after.state)}, such as ${first?.name ?? ''}: ${first?.detail ?? ''}`;
      const detail = `its pods are new, and not as they should be: ${why}`;
      return {
        ...found,
        outcome: 'failed',
        detail,
        remedy: `see whether the webhook is called: ${programName} status`,
      };
    }
    const before = needText(facts.state);
    const held = needyPods(after).length;
    const kept = held === 0 ? '' : `; its partition keeps ${held} as ${held === 1 ? 'it is' : 'they are'}`;
    const { unknown } = countsOf(after.state.pods);
    const untold = unknown === 0 ? '' : `, except for ${unknown} of which that is not known`;
    const now = wanted.broken ? 'the new ones run without parts of ours' : 'the new ones have every part';
    return { ...found, outcome: 'restarted', detail: `${before} before; ${now}${untold}${kept}` };
  }
}

const retryMs = 2_000;
/** In this time every replica has learned what was written. */
const followMs = 2_000;

type About = Pick<RestartResult, 'workload' | 'namespace' | 'policy' | 'pods' | 'remark'>;
type Finding = Omit<RestartResult, 'workload' | 'namespace'>;

function about(target: Target): About {
  return { workload: called(target), namespace: target.namespace };
}

function knownOf({ policy, obstacle, pods }: WorkloadState): Pick<RestartResult, 'policy' | 'pods'> {
  const isLooked = obstacle === undefined || obstacle.kind === 'untold';
  return { ...(policy === undefined ? {} : { policy }), ...(isLooked ? { pods: countsOf(pods) } : {}) };
}

function refusal(found: About, { why, remedy }: { readonly why: string; readonly remedy?: string }): RestartResult {
  return { ...found, outcome: 'not_restarted', detail: why, ...(remedy === undefined ? {} : { remedy }) };
}

function refusedPatch(error: ApiError, dryRun: boolean): Pick<RestartResult, 'detail' | 'remedy'> {
  const verb = dryRun ? 'would not take' : 'does not take';
  const detail = `the API server ${verb} the restart: ${error.message.replace(/^[A-Z]+ \S+: /, '')}`;
  return error.status === 403 ? { detail, remedy: 'ask for the right to patch it, or whoever refuses' } : { detail };
}
