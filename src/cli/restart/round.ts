import type { NamedWorkload } from '../../cluster/live/workload-kinds.js';
import { isApiError, type ApiError } from '../../cluster/client/api-error.js';
import { awaitRollout, isPassing, type RolloutEnd } from '../../cluster/rollout/await-rollout.js';
import { fieldManagerFor, gitOpsRemark, ownManagers } from '../../cluster/rollout/gitops.js';
import { podTrouble } from '../../cluster/rollout/pod-trouble.js';
import { isRestartedBy, restartOf } from '../../cluster/rollout/restart-patch.js';
import { rolloutOf } from '../../cluster/rollout/rollout.js';
import { apiVersionOf } from '../../cluster/client/resources.js';
import { OutriderError } from '../../model/error.js';
import { objectOf, type JsonObject } from '../../model/json.js';
import { workloadKind } from '../../model/workload-kinds.js';
import { controllerIn, workloadOf, type Workload } from '../../model/workload-of.js';
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
import type { WorkloadState } from './workload-state.js';

/** A workload of a round, as it was read. */
export interface Target extends NamedWorkload {
  readonly namespace: string;
  readonly object: JsonObject;
  /** What its pods lack. @throws OutriderError */
  readonly judge: (object: JsonObject) => Promise<WorkloadState>;
}

/** What a round does to a cluster. Each throws ApiError. */
export interface RoundAccess {
  /** Reads a workload anew. */
  read(target: Target): Promise<JsonObject>;
  /** Restarts one that is still as it was read. */
  restart(target: Target, object: JsonObject, how: RestartOrder): Promise<JsonObject>;
  /** Its pods; none where they may not be read. */
  pods(target: Target, object: JsonObject): Promise<readonly JsonObject[]>;
}

/** How one restart is written. */
export interface RestartOrder {
  readonly at: string;
  readonly fieldManager: string;
  readonly dryRun: boolean;
}

/** How a round is to go. */
export interface RoundOptions extends Pick<Timing, 'clock' | 'sleep'> {
  readonly access: RoundAccess;
  readonly wanted: Wanted;
  readonly dryRun: boolean;
  /** How many workloads are restarted at most. */
  readonly max: number;
  /** How long each rollout may take. */
  readonly timeoutMs: number;
  /** Given by the command line. */
  readonly fieldManager: string | undefined;
  /** Ends the round: nothing more is restarted. */
  readonly signal: AbortSignal;
  readonly programName: string;
  /** Is told how it goes on. */
  readonly onProgress: (target: Target, text: string) => void;
  readonly onResult: (result: RestartResult) => void;
}

/** How often a workload that changed between look and restart is looked at again. */
const looks = 4;
/** A restart by us that is older belongs to another round. */
const roundMs = 24 * 3_600_000;

/**
 * One round of restarts: one workload at a time, each waited for and looked at again, until the first that fails. It keeps
 * nothing anywhere: a round that ended goes on where it was, since what was restarted lacks nothing any more.
 */
export class RestartRound {
  readonly #options: RoundOptions;
  readonly #results: RestartResult[] = [];
  #restarts = 0;

  constructor(options: RoundOptions) {
    this.#options = options;
  }

  /**
   * Runs it.
   *
   * @throws OutriderError for what could not be looked at, as long as nothing has been restarted
   */
  async run(targets: AsyncIterable<Target>): Promise<RoundReport> {
    for await (const target of targets) {
      const before = this.#reasonToStop();
      if (before !== undefined) return { results: this.#results, stopped: before };
      const result = await this.#settle(target);
      this.#results.push(result);
      this.#options.onResult(result);
      // A dry run says all that would fail.
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
      isOurs: clock.wallMs() - restartedMs < roundMs && isRestartedBy(object, ownManagers(fieldManager)),
      wanted,
      programName,
    };
  }

  /** Writes the restart, or tries to in a dry run. `changed`: the object is not as it was read any more. */
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

  /** Whether a restart that was not answered is there all the same. */
  async #isWritten(target: Target, at: string): Promise<boolean> {
    return restartOf(await this.#readAgain(target)) === at;
  }

  /** Reads an object, past an API server that does not answer for a while. @throws OutriderError */
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

  /** Waits for a restart, and looks whether it helped. */
  async #seeThrough(
    target: Target,
    facts: RestartFacts,
    { at, found }: { readonly at: string; readonly found: About },
  ): Promise<RestartResult> {
    const { access, clock, sleep, timeoutMs, signal, onProgress, programName } = this.#options;
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
      return { ...found, outcome: 'failed', detail, remedy: wayBack(target) };
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
    const untold = unknown === 0 ? '' : `, but for ${unknown} of which that cannot be told`;
    return { ...found, outcome: 'restarted', detail: `${before} before; the new ones have every part${untold}${kept}` };
  }
}

const retryMs = 2_000;

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

function wayBack({ resource, name, namespace }: Target): string {
  const { kind } = resource;
  const object = `${kind.toLowerCase()}/${name}`;
  return kind === 'Rollout'
    ? `kubectl -n ${namespace} describe ${object}.${resource.group}`
    : `kubectl -n ${namespace} rollout undo ${object}, for the pods as they were`;
}

function kindOf({ resource }: Target) {
  const row = workloadKind(resource.kind, apiVersionOf(resource));
  if (row === undefined) throw new OutriderError('internal', `${resource.kind} is no workload.`);
  return row;
}

function workloadIn({ resource, name }: Target): Workload {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, name };
}

/** What makes the pods of a kind that is never restarted: itself, or what a person knows it by. */
function madeBy(target: Target): Workload {
  const metadata = objectOf(target.object['metadata']) ?? {};
  const owner = target.resource.kind === 'Pod' ? workloadOf(metadata) : controllerIn(metadata);
  return owner ?? workloadIn(target);
}

function called(target: Target): string {
  return `${kindOf(target).called}/${target.name}`;
}
