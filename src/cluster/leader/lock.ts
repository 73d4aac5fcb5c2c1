import type { Clock } from '../../time/clock.js';
import { objectOf, type JsonObject } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import { microTime } from '../micro-time.js';
import { holdingOf, leaseOf, type Holding } from './lease.js';

/** What happened to an attempt to hold the Lease. */
export type Attempt =
  /**
   * @property sinceMs when the attempt began, monotonic. No other replica takes the Lease before this time plus the lease
   * duration
   */
  | { readonly held: true; readonly sinceMs: number }
  /** @property freeAtMs when it may be taken, monotonic, unless its holder renews it */
  | { readonly held: false; readonly holder: string; readonly freeAtMs: number }
  /** This replica must not hold it, whether or not another one does. */
  | { readonly held: 'unfit' };

/** The options of a lock. */
export interface LockOptions {
  readonly client: Pick<ApiClient, 'get' | 'create' | 'replace'>;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  readonly leaseSeconds: number;
  readonly clock: Clock;
  /** Whether this replica may lead. Called before each attempt, and again after the API server has answered it. */
  readonly fit: () => boolean;
  /** What to write into the annotation with each renewal. */
  readonly observed: () => string | undefined;
}

/**
 * A Lease as a lock, by the rules of client-go: the holder's dates are never compared with ours. A Lease is free if nobody
 * holds it, or if it did not change for its duration, measured by our own monotonic clock. One caller at a time.
 */
export class LeaseLock {
  readonly #options: LockOptions;
  readonly #path: string;
  /**
   * The acquireTime that we last wrote, or tried to write. A write without an answer may still have succeeded. It
   * distinguishes us from another process with the same name.
   */
  #acquireTime: string | undefined;
  #held = false;
  /** The Lease as we last wrote it. */
  #written: JsonObject | undefined;
  /** What others wrote, and since when it has not changed. */
  #seen = { spec: '', atMs: 0 };

  constructor(options: LockOptions) {
    this.#options = options;
    this.#path = pathOf(resources.leases, { namespace: options.namespace, name: options.name });
  }

  /**
   * Takes the Lease if it is free, or renews it. A holder that finds someone else's name in it does not take it back. While
   * this replica may not lead, it only reads the Lease, because an answer may allow it to lead.
   * @throws ApiError if the result is unknown: no answer, no right, or a write that was overtaken (`Conflict`)
   */
  async attempt(signal: AbortSignal): Promise<Attempt> {
    const { clock, fit } = this.#options;
    const sinceMs = clock.monotonicMs();
    if (fit() && (await this.#renewWritten(signal))) return { held: true, sinceMs };
    const lease = await this.#read(signal);
    if (!fit()) return { held: 'unfit' };
    if (lease === undefined) {
      await this.#take(undefined, 0, signal);
      return { held: true, sinceMs };
    }
    const holding = holdingOf(lease, this.#options.leaseSeconds);
    if (this.#isOurs(holding)) {
      await this.#renew(lease, signal);
      this.#held = true;
      return { held: true, sinceMs };
    }
    const freeAtMs = this.#freeAtMs(lease, holding, sinceMs);
    if (this.#held || freeAtMs > sinceMs) {
      this.#held = false;
      return { held: false, holder: holding.holder, freeAtMs };
    }
    await this.#take(lease, holding.transitions + 1, signal);
    return { held: true, sinceMs };
  }

  /** Stops holding the Lease, without telling the API server. It can be renewed later if no other replica has taken it. */
  forget(): void {
    this.#held = false;
  }

  /**
   * Releases the Lease, so that any replica can take it at once. Does nothing unless it is held.
   * @throws ApiError
   */
  async release(signal: AbortSignal): Promise<void> {
    if (!this.#held || this.#written === undefined) return;
    try {
      await this.#give(this.#written, signal);
    } catch (error) {
      if (!isApiError(error, 'Conflict')) throw error;
      const lease = await this.#read(signal);
      const isOurs = lease !== undefined && this.#isOurs(holdingOf(lease, this.#options.leaseSeconds));
      if (isOurs) await this.#give(lease, signal);
    } finally {
      this.#held = false;
      this.#acquireTime = undefined;
    }
  }

  /** Renews without reading first. False if the Lease is not held, or not as we wrote it. */
  async #renewWritten(signal: AbortSignal): Promise<boolean> {
    if (!this.#held || this.#written === undefined) return false;
    try {
      await this.#renew(this.#written, signal);
      return true;
    } catch (error) {
      if (isApiError(error, 'Conflict', 'NotFound')) return false;
      throw error;
    }
  }

  async #renew(lease: JsonObject, signal: AbortSignal): Promise<void> {
    const { leaseSeconds } = this.#options;
    await this.#write(lease, { ...holdingOf(lease, leaseSeconds), leaseSeconds }, signal);
  }

  async #take(lease: JsonObject | undefined, transitions: number, signal: AbortSignal): Promise<void> {
    const { clock, identity, leaseSeconds } = this.#options;
    this.#acquireTime = microTime(clock.wallMs());
    await this.#write(lease, { holder: identity, acquireTime: this.#acquireTime, leaseSeconds, transitions }, signal);
    this.#held = true;
  }

  async #give(lease: JsonObject, signal: AbortSignal): Promise<void> {
    const { clock, leaseSeconds } = this.#options;
    const { transitions } = holdingOf(lease, leaseSeconds);
    const acquireTime = microTime(clock.wallMs());
    await this.#write(lease, { holder: '', acquireTime, leaseSeconds: 1, transitions }, signal);
  }

  async #read(signal: AbortSignal): Promise<JsonObject | undefined> {
    try {
      return await this.#options.client.get(this.#path, { signal });
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  async #write(before: JsonObject | undefined, holding: Holding, signal: AbortSignal): Promise<void> {
    const { client, namespace, name, identity, clock } = this.#options;
    const observed = holding.holder === identity ? this.#options.observed() : undefined;
    const lease = leaseOf(before, { ...holding, namespace, name, nowMs: clock.wallMs(), observed });
    this.#written =
      before === undefined
        ? await client.create(pathOf(resources.leases, { namespace }), lease, { signal })
        : await client.replace(this.#path, lease, { signal });
  }

  #isOurs({ holder, acquireTime }: Holding): boolean {
    return holder === this.#options.identity && this.#acquireTime !== undefined && acquireTime === this.#acquireTime;
  }

  /** When another replica's Lease may be taken, unless it is renewed. */
  #freeAtMs(lease: JsonObject, { holder, leaseSeconds }: Holding, nowMs: number): number {
    const spec = JSON.stringify(objectOf(lease['spec']) ?? {});
    if (spec !== this.#seen.spec) this.#seen = { spec, atMs: this.#options.clock.monotonicMs() };
    return holder === '' ? nowMs : this.#seen.atMs + leaseSeconds * 1000;
  }
}
