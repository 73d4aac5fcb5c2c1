import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from './clock.js';

/** A number from 0 up to 1, evenly; passed in: `Math.random`, except in tests. */
export type Random = () => number;

/** A function that waits: resolves after the time, or at once when the signal aborts; never rejects. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/** Time, chance and patience, passed in. */
export interface Timing {
  readonly clock: Clock;
  readonly random: Random;
  readonly sleep: Sleep;
}

// The longest delay of a timer; a longer one would run at once.
const longestMs = 2 ** 31 - 1;

/** Waits by the computer's timers, without keeping the process alive. */
export const sleepByTimer: Sleep = async (ms, signal) => {
  try {
    await delay(Math.min(ms, longestMs), undefined, { signal, ref: false });
  } catch {
    // It rejects only when the signal aborts.
  }
};

/** A time within a fifth of one asked for, so that replicas and restarts do not act in lockstep. */
export function jittered(ms: number, random: Random): number {
  return ms * (0.8 + 0.4 * random());
}

/** The same for a command that has nothing else to do meanwhile: it keeps the process alive. */
export const sleepAwake: Sleep = async (ms, signal) => {
  try {
    await delay(Math.min(ms, longestMs), undefined, { signal });
  } catch {
    // It rejects only when the signal aborts.
  }
};
