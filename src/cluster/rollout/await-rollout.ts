import type { JsonObject } from '../../model/json.js';
import { isAborted } from '../../time/abort.js';
import type { Timing } from '../../time/sleep.js';
import { isApiError, type ApiError } from '../client/api-error.js';
import { restartOf } from './restart-patch.js';
import { isComplete, progressOf, rolloutOf } from './rollout.js';

/** How waiting for a rollout ended. */
export type RolloutEnd =
  /** Every pod is new and available. */
  | { readonly end: 'complete'; readonly object: JsonObject }
  /** The controller gave up, the time ran out, or the object is no longer the one that was restarted. */
  | { readonly end: 'failed'; readonly why: string }
  /** The caller no longer waits. */
  | { readonly end: 'interrupted'; readonly why: string };

/** What to wait for, and how. */
export interface AwaitedRollout extends Pick<Timing, 'clock' | 'sleep'> {
  /** Reads the object again. Throws ApiError. */
  readonly read: () => Promise<JsonObject>;
  /** The restart that is waited for. */
  readonly at: string;
  readonly timeoutMs: number;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Receives the progress each time it changes. */
  readonly onProgress: (text: string) => void;
}

const pollMs = 2_000;

/**
 * Waits until a restart has been rolled out. If the API server does not answer, asks again until the time is up. Never
 * rejects for the API server's errors.
 */
export async function awaitRollout(awaited: AwaitedRollout): Promise<RolloutEnd> {
  const { clock, sleep, timeoutMs, signal, onProgress } = awaited;
  const untilMs = clock.monotonicMs() + timeoutMs;
  let said = '';
  for (;;) {
    const look = await lookAt(awaited);
    if ('end' in look) return look;
    if (look.progress !== said) onProgress(look.progress);
    said = look.progress;
    if (isAborted(signal)) return { end: 'interrupted', why: said };
    if (clock.monotonicMs() >= untilMs) {
      return { end: 'failed', why: `its rollout was not done after ${timeoutMs / 1000} s: ${said}` };
    }
    await sleep(pollMs, signal);
  }
}

async function lookAt({ read, at }: AwaitedRollout): Promise<RolloutEnd | { readonly progress: string }> {
  let object: JsonObject;
  try {
    object = await read();
  } catch (error) {
    if (!isApiError(error)) throw error;
    if (isPassing(error)) return { progress: 'the API server does not answer; asking again' };
    const why = error.status === 404 ? 'it was deleted meanwhile' : `it may not be read any more: ${error.message}`;
    return { end: 'failed', why };
  }
  if (restartOf(object) !== at) {
    return { end: 'failed', why: 'the restart was taken off again, or another one was asked for, by somebody else' };
  }
  const rollout = rolloutOf(object);
  if (rollout === undefined) return { end: 'failed', why: 'it has no rollout' };
  if (rollout.isObserved && rollout.failure !== undefined) return { end: 'failed', why: rollout.failure };
  if (isComplete(rollout)) return { end: 'complete', object };
  return { progress: rollout.isPaused ? `it was paused: ${progressOf(rollout)}` : progressOf(rollout) };
}

/** Whether to ask again: there was no answer, or the answer says so. */
export function isPassing({ status }: ApiError): boolean {
  return status === 0 || status === 429 || status >= 500;
}
