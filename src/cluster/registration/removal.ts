import type { ApiClient } from '../client/api-client.js';
import type { ConfigurationKind } from './entry.js';
import { deleteConfiguration, readConfiguration } from './write.js';

/** How long every API server takes, with a margin, to learn that a configuration is gone. */
export const spreadMs = 1_000;

/** What is removed, and by which clock. */
export interface RemovalOptions {
  readonly client: ApiClient;
  readonly instance: string;
  readonly spreadMs: number;
  /** Monotonic. */
  readonly nowMs: () => number;
  readonly signal?: AbortSignal;
}

/** One look. */
export interface RemovalLook {
  /** Which configurations there were. */
  readonly there: readonly ConfigurationKind[];
  /** Which of them were deleted. */
  readonly deleted: readonly ConfigurationKind[];
}

/**
 * Takes both configurations away, by looks again and again until none is there. The validating one goes first, and the
 * mutating one once that has been gone for a while: a pod that is no longer changed but still checked would be denied, and
 * an API server learns of the two in no particular order.
 */
export class GradualRemoval {
  readonly #options: RemovalOptions;
  #goneSinceMs: number | undefined;

  constructor(options: RemovalOptions) {
    this.#options = options;
  }

  /** Deletes what may go now. @throws ApiError */
  async look(): Promise<RemovalLook> {
    const { nowMs, spreadMs } = this.#options;
    const there: ConfigurationKind[] = [];
    const deleted: ConfigurationKind[] = [];
    if (await this.#isThere('validating')) {
      there.push('validating');
      if (await this.#delete('validating')) deleted.push('validating');
      this.#goneSinceMs = undefined;
    }
    this.#goneSinceMs ??= nowMs();
    if (await this.#isThere('mutating')) {
      there.push('mutating');
      const isTime = nowMs() - this.#goneSinceMs >= spreadMs;
      if (isTime && (await this.#delete('mutating'))) deleted.push('mutating');
    }
    return { there, deleted };
  }

  async #isThere(kind: ConfigurationKind): Promise<boolean> {
    const { client, instance, signal } = this.#options;
    return (await readConfiguration(client, kind, instance, signal)) !== undefined;
  }

  #delete(kind: ConfigurationKind): Promise<boolean> {
    const { client, instance, signal } = this.#options;
    return deleteConfiguration(client, kind, instance, signal);
  }
}
