/** Lets a loop sleep until something is to be done. */
export interface Wake {
  /** Ends the sleep; while nobody sleeps, the next one. */
  readonly poke: () => void;
  /** Resolves at a poke, after the time, or when the signal aborts; never rejects. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Longest delay of a timer; a longer one would run at once. */
const longestMs = 2 ** 31 - 1;

export function createWake(): Wake {
  let poked = false;
  let wake: (() => void) | undefined;
  return {
    poke: () => {
      poked = true;
      wake?.();
    },
    sleep: async (ms, signal) => {
      if (!poked && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(end, Math.min(ms, longestMs));
          function end(): void {
            clearTimeout(timer);
            signal.removeEventListener('abort', end);
            wake = undefined;
            resolve();
          }
          wake = end;
          signal.addEventListener('abort', end, { once: true });
        });
      }
      poked = false;
    },
  };
}
