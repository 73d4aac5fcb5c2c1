import { setTimeout as sleep } from 'node:timers/promises';

/** Waits, in milliseconds; ends early, and never rejects, when the signal aborts. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

/** Waits by the computer's time. */
export const pause: Pause = async (ms, signal) => {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
};
