import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../../../src/cluster/client/api-client.js';
import { isApiError } from '../../../src/cluster/client/api-error.js';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import type { JsonObject } from '../../../src/model/json.js';
import { until } from './guarded-process.js';
import { pod, summaryOf } from './pods.js';

/** One pod that was asked for. */
export interface Creation {
  /** When it was asked for, and when it was answered, on the clock of `performance.now`. */
  readonly startMs: number;
  readonly endMs: number;
  /** The pod, as it is stored; `undefined` when it was refused. */
  readonly pod: JsonObject | undefined;
  /** What the API server said when it refused; empty when it did not. */
  readonly refusal: string;
}

/** Pods that are created at a steady rate. */
export interface Traffic {
  /** Those that are answered. */
  readonly creations: readonly Creation[];
  /** Resolves when so many more are answered than now. */
  more(count: number): Promise<void>;
  /** Asks for no more, and resolves when all are answered. */
  stop(): Promise<readonly Creation[]>;
}

/** Where pods are created, and how many a second. */
export interface TrafficOptions {
  readonly namespace: string;
  readonly perSecond: number;
  /** Whether nothing is to be stored. */
  readonly dryRun?: boolean;
}

/**
 * Creates pods at a rate that does not depend on the answers: what is slow is not asked for less often. It asks the
 * API server itself, since a kubectl for each would take more time than there is.
 */
export function startTraffic(client: ApiClient, { namespace, perSecond, dryRun = false }: TrafficOptions): Traffic {
  const creations: Creation[] = [];
  const underWay = new Set<Promise<void>>();
  const path = pathOf(resources.pods, { namespace });
  let asked = 0;
  const create = async (name: string): Promise<void> => {
    const startMs = performance.now();
    const query = dryRun ? { dryRun: 'All' } : {};
    const done = (pod: JsonObject | undefined, refusal: string): void =>
      void creations.push({ startMs, endMs: performance.now(), pod, refusal });
    try {
      done(await client.create(path, pod(name), { query, timeoutMs: 30_000 }), '');
    } catch (error) {
      if (!isApiError(error)) throw error;
      done(undefined, error.message);
    }
  };
  const ask = (): void => {
    const one = create(`load-${asked++}`).finally(() => underWay.delete(one));
    underWay.add(one);
  };
  const timer = setInterval(ask, 1000 / perSecond);
  ask();
  return {
    creations,
    more: (count) => {
      const wanted = creations.length + count;
      return until(`${count} more pods`, () => Promise.resolve(creations.length >= wanted));
    },
    stop: async () => {
      clearInterval(timer);
      while (underWay.size > 0) await Promise.race([...underWay, sleep(100)]);
      return creations;
    },
  };
}

/** What the API server said about those that it refused. */
export function refusals(creations: readonly Creation[]): readonly string[] {
  return creations.filter(({ pod }) => pod === undefined).map(({ refusal }) => refusal);
}

/** How many of them are there and not instrumented. */
export function uninstrumented(creations: readonly Creation[]): number {
  return creations.filter(({ pod }) => pod !== undefined && summaryOf(pod).status !== 'injected').length;
}
