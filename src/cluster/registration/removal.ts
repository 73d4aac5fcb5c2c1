import type { ApiClient } from '../client/api-client.js';
import type { ConfigurationKind } from './desired.js';
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
 * Makes what takes both configurations away, called again and again until none is there. The validating one goes first,
 * and the mutating one once that has been gone for a while: a pod that is no longer changed but still checked would be
 * denied, and an API server learns of the two in no particular order.
 *
 * @throws ApiError by what is returned
 */
export function createRemoval(options: RemovalOptions): () => Promise<RemovalLook> {
  const { client, instance, nowMs, signal } = options;
  let goneSinceMs: number | undefined;
  return async () => {
    const there: ConfigurationKind[] = [];
    const deleted: ConfigurationKind[] = [];
    const remove = async (kind: ConfigurationKind): Promise<void> => {
      if (await deleteConfiguration(client, kind, instance, signal)) deleted.push(kind);
    };
    if ((await readConfiguration(client, 'validating', instance, signal)) !== undefined) {
      there.push('validating');
      await remove('validating');
      goneSinceMs = undefined;
    }
    goneSinceMs ??= nowMs();
    if ((await readConfiguration(client, 'mutating', instance, signal)) !== undefined) {
      there.push('mutating');
      if (nowMs() - goneSinceMs >= options.spreadMs) await remove('mutating');
    }
    return { there, deleted };
  };
}
