import { isAborted } from '../../time/abort.js';
import { Wake } from '../../time/wake.js';
import type { ClusterState } from '../state/cluster-state.js';
import { StatusPass, type StatusPassOptions } from './pass.js';

/** The inputs of the writer, and what notifies it of changes. */
export type StatusWriterOptions = StatusPassOptions & { readonly state: Pick<ClusterState, 'onChange'> };

// Changes that come together are written once.
const gatherMs = 500;

/** Keeps the statuses of policies and profiles in the API server. */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #wake: Wake;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#wake = new Wake(options.sleep);
  }

  /**
   * Call this when `webhookOf`, `inForceOf`, `credentialsOf`, `defaultsOf`, `agentOf` or `claimedOf` may have another answer
   * now.
   */
  readonly wake = (): void => this.#wake.poke();

  /**
   * Writes while leading: soon after each change, and within a minute or two after someone else's change. Ends soon after
   * the signal aborts, and never throws for the API server's errors.
   */
  async run(signal: AbortSignal): Promise<void> {
    const pass = new StatusPass(this.#options, signal);
    const unsubscribe = this.#options.state.onChange(this.wake);
    this.wake();
    let nextMs = 0;
    while (!isAborted(signal)) {
      await this.#wake.sleep(nextMs, signal, gatherMs);
      if (!isAborted(signal)) nextMs = await pass.run();
    }
    unsubscribe();
  }
}
