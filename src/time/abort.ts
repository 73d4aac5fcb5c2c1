import { setMaxListeners } from 'node:events';
import { asError } from './as-error.js';

/** Thrown to a caller that stops waiting; the awaited work goes on. The cause is the signal's reason. */
export class WaitEnded extends Error {
  override readonly name = 'WaitEnded';
}

/** Settles as the promise does, or rejects with `WaitEnded` when the signal aborts first. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    // One signal can end many waits: each container of a pod, each platform of an image.
    setMaxListeners(0, signal);
    const end = (): void => reject(new WaitEnded('The wait was ended.', { cause: signal.reason }));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    promise
      .finally(() => signal.removeEventListener('abort', end))
      .then(resolve, (error: unknown) => reject(asError(error)));
  });
}

/** Whether the signal has aborted by now. TypeScript assumes that `signal.aborted` is what it was before an `await`. */
export function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/**
 * Makes something that ends with a signal at the latest. AbortSignal.any is not used: a signal that lives as long as
 * the process would keep some memory for each call.
 *
 * @returns `over`, whose signal aborts; `end`, to be called in any case: it aborts `over` and leaves no listener behind
 */
export function endingWith(signal: AbortSignal): { readonly over: AbortController; readonly end: () => void } {
  const over = new AbortController();
  const abort = (): void => over.abort();
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return {
    over,
    end: () => {
      signal.removeEventListener('abort', abort);
      abort();
    },
  };
}
