import type { Sleep } from '../../time/sleep.js';

/** The limit on the API server's time for work that can wait. */
const workers = 4;
const perSecond = 20;

/** Runs one task after another at a limited rate, until all are done or the signal aborts. */
export async function paced<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
  sleep: Sleep,
  signal: AbortSignal,
): Promise<void> {
  const next = items.values();
  const run = async (): Promise<void> => {
    for (const item of next) {
      if (signal.aborted) return;
      await work(item);
      await sleep((1000 * workers) / perSecond, signal);
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, items.length) }, run));
}
