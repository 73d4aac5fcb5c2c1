import type { Clock } from '../../time/clock.js';
import { objectOf, type JsonObject } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import { holdingOf, leaseOf, microTime, type Holding } from './lease.js';

/** What became of an attempt to hold the Lease. */
export type Attempt =
  /** @property sinceMs when the attempt began, monotonic: nobody else takes the Lease before this and its duration */
  | { readonly held: true; readonly sinceMs: number }
  /** @property freeAtMs when it may be taken, monotonic, unless its holder renews it */
  | { readonly held: false; readonly holder: string; readonly freeAtMs: number };

/** A Lease as a lock. One caller at a time. */
export interface LeaseLock {
  /**
   * Takes the Lease if it is free, or renews it. A holder that finds somebody else's name in it does not take it back.
   * @throws ApiError when that cannot be told: no answer, no right, or a write that was overtaken (`Conflict`)
   */
  attempt(signal: AbortSignal): Promise<Attempt>;
  /** Holds it no longer, without a word to the API server. If nobody took it meanwhile, it can be renewed later. */
  forget(): void;
  /**
   * Gives it up, so that anybody may take it at once. Nothing happens unless it is held.
   * @throws ApiError
   */
  release(signal: AbortSignal): Promise<void>;
}

/** What a lock is made of. */
export interface LockOptions {
  readonly client: Pick<ApiClient, 'get' | 'create' | 'replace'>;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  readonly leaseSeconds: number;
  readonly clock: Clock;
  /** What to write into the annotation with each renewal. */
  readonly observed: () => string | undefined;
}

/**
 * Makes a lock that follows the rules of client-go: the holder's dates are never compared with ours. A Lease is free
 * when nobody holds it, or when it was seen to stand still for its duration by our own monotonic clock.
 */
export function createLeaseLock(options: LockOptions): LeaseLock {
  const { client, namespace, name, identity, leaseSeconds, clock } = options;
  const path = pathOf(resources.leases, { namespace, name });
  // The acquireTime that we last wrote, or tried to: a write without an answer may have been done all the same. By it
  // another process of the same name is told from us.
  let acquireTime: string | undefined;
  let held = false;
  let last: JsonObject | undefined;
  let seen = { spec: '', atMs: 0 };

  const write = async (before: JsonObject | undefined, holding: Holding, signal: AbortSignal): Promise<void> => {
    const observed = holding.holder === identity ? options.observed() : undefined;
    const lease = leaseOf(before, { ...holding, namespace, name, nowMs: clock.wallMs(), observed });
    last =
      before === undefined
        ? await client.create(pathOf(resources.leases, { namespace }), lease, { signal })
        : await client.replace(path, lease, { signal });
  };
  const read = async (signal: AbortSignal): Promise<JsonObject | undefined> => {
    try {
      return await client.get(path, { signal });
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined;
      throw error;
    }
  };
  const isOurs = (holding: Holding): boolean =>
    holding.holder === identity && acquireTime !== undefined && holding.acquireTime === acquireTime;
  const renew = async (lease: JsonObject, signal: AbortSignal): Promise<void> => {
    await write(lease, { ...holdingOf(lease, leaseSeconds), leaseSeconds }, signal);
  };
  const take = async (lease: JsonObject | undefined, transitions: number, signal: AbortSignal): Promise<void> => {
    acquireTime = microTime(clock.wallMs());
    await write(lease, { holder: identity, acquireTime, leaseSeconds, transitions }, signal);
    held = true;
  };

  return {
    attempt: async (signal) => {
      const sinceMs = clock.monotonicMs();
      if (held && last !== undefined) {
        try {
          await renew(last, signal);
          return { held: true, sinceMs };
        } catch (error) {
          if (!isApiError(error, 'Conflict', 'NotFound')) throw error;
        }
      }
      const lease = await read(signal);
      if (lease === undefined) {
        await take(undefined, 0, signal);
        return { held: true, sinceMs };
      }
      const holding = holdingOf(lease, leaseSeconds);
      if (isOurs(holding)) {
        await renew(lease, signal);
        held = true;
        return { held: true, sinceMs };
      }
      const spec = JSON.stringify(objectOf(lease['spec']) ?? {});
      if (spec !== seen.spec) seen = { spec, atMs: clock.monotonicMs() };
      const freeAtMs = holding.holder === '' ? sinceMs : seen.atMs + holding.leaseSeconds * 1000;
      if (held || freeAtMs > sinceMs) {
        held = false;
        return { held: false, holder: holding.holder, freeAtMs };
      }
      await take(lease, holding.transitions + 1, signal);
      return { held: true, sinceMs };
    },
    forget: () => {
      held = false;
    },
    release: async (signal) => {
      if (!held || last === undefined) return;
      const give = async (lease: JsonObject): Promise<void> => {
        const { transitions } = holdingOf(lease, leaseSeconds);
        const now = microTime(clock.wallMs());
        await write(lease, { holder: '', acquireTime: now, leaseSeconds: 1, transitions }, signal);
      };
      try {
        await give(last);
      } catch (error) {
        if (!isApiError(error, 'Conflict')) throw error;
        const lease = await read(signal);
        if (lease !== undefined && isOurs(holdingOf(lease, leaseSeconds))) await give(lease);
      } finally {
        held = false;
        acquireTime = undefined;
      }
    },
  };
}
