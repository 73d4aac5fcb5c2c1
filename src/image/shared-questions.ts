import { SharedCalls } from '../time/shared-calls.js';
import { Askers } from './askers.js';

/**
 * Asks once what several namespaces ask for at the same time. Each of them waits in its own queue for the answer, so a
 * namespace with a long queue does not delay one that joins its question.
 */
export class SharedQuestions<T> {
  readonly #calls: SharedCalls<T>;
  readonly #askers = new Map<string, Askers>();

  /** @param longestMs a question is given up after this, even if no caller waits for it any more */
  constructor(longestMs: number) {
    this.#calls = new SharedCalls({ whenLeft: 'goOn', longestMs });
  }

  /**
   * Joins the question of this key, or asks it.
   *
   * @param ask gets a signal that outlives those who wait, and who they are
   * @throws WaitEnded, and whatever `ask` throws
   */
  run(
    key: string,
    namespace: string,
    signal: AbortSignal,
    ask: (signal: AbortSignal, askers: Askers) => Promise<T>,
  ): Promise<T> {
    this.#askers.get(key)?.join(namespace);
    return this.#calls.run(key, signal, async (own) => {
      const askers = new Askers(namespace);
      this.#askers.set(key, askers);
      try {
        return await ask(own, askers);
      } finally {
        this.#askers.delete(key);
      }
    });
  }

  /** Ends everything in progress. */
  close(): void {
    this.#calls.close();
  }
}
