import { capabilitiesOf, type Capability, type ClusterCapabilities } from '../../doctor/capabilities.js';
import type { Clock } from '../../time/clock.js';
import type { NodeFacts } from '../../image/pod-platforms.js';
import { listOf, objectOf, stringOf } from '../../model/json.js';
import type { SeenFacts } from '../../model/recipe.js';
import type { Logger } from '../../observe/logger.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { backOffMs } from '../back-off.js';
import { jittered, type Random, type Sleep } from '../../time/sleep.js';
import { listNodes, type KnownNode } from './node-list.js';

/** What a cluster says of itself, with what it is known by, for `outrider status`. */
export interface ClusterFactsReport {
  /** Such as `v1.36.3`; `undefined` while it is not known. */
  readonly version: string | undefined;
  /** How many nodes there are; `undefined` while they could not be read. */
  readonly nodes: number | undefined;
  readonly capabilities: ClusterCapabilities & { readonly openShift: Capability };
}

/** Reads what a cluster is. */
export interface ClusterFactsReader {
  /** The same object until something in it changes. */
  seen(): SeenFacts;
  /** For the choice of an image's platform. */
  readonly nodes: NodeFacts;
  report(): ClusterFactsReport;
  /**
   * Asks the API server once. What does not answer keeps its last known value; never throws for what the API server
   * does.
   * @returns whether everything was answered
   */
  refresh(signal: AbortSignal): Promise<boolean>;
  /** Resolves once everything was answered, or refused, for the first time. */
  readonly known: Promise<void>;
  /** Asks once more, unless that was done a moment ago: nodes can be many. Callers share it. */
  catchUp(signal: AbortSignal): Promise<void>;
  /** Asks again every few minutes, and sooner after a failure, until the signal aborts. */
  run(signal: AbortSignal, onChange: (seen: SeenFacts) => void): Promise<void>;
}

/** What the reader works with. */
export interface ClusterFactsOptions {
  readonly client: ApiClient;
  readonly log: Logger;
  readonly random: Random;
  readonly sleep: Sleep;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

const refreshMs = 5 * 60_000;
const shortestRetryMs = 5_000;
const catchUpRestMs = 10_000;
const openShiftGroups = new Set(['security.openshift.io', 'config.openshift.io']);

/** Reads version, nodes and API groups; nothing is asked before `refresh` or `run`. */
export function createClusterFacts({ client, log, random, sleep, clock }: ClusterFactsOptions): ClusterFactsReader {
  let version: string | undefined;
  let nodes: readonly KnownNode[] | undefined;
  let openShift: boolean | undefined;
  let architectureOf: ReadonlyMap<string, string> = new Map();
  let architectures: readonly string[] | undefined;
  let seen = seenOf(version, nodes, openShift);
  let forbidden = false;
  let askedMs = -Infinity;
  let catchingUp: Promise<unknown> = Promise.resolve();
  let markKnown = (): void => undefined;
  const known = new Promise<void>((resolve) => (markKnown = resolve));

  /** Takes an answer over; without one, what is known stays. */
  async function ask<T>(what: string, get: () => Promise<T>, take: (value: T) => void): Promise<boolean> {
    try {
      take(await get());
      return true;
    } catch (error) {
      // A right that was not given comes with the next look, not with a sooner one; it is said once.
      const lacksRight = isApiError(error, 'Forbidden');
      if (!lacksRight) log.warn({ err: error }, `${what} cannot be read; what is known of them stays`);
      else if (!forbidden) log.warn({ err: error }, `${what} may not be read; without them less is known for sure`);
      forbidden ||= lacksRight;
      return lacksRight;
    }
  }

  const takeNodes = (list: readonly KnownNode[]): void => {
    nodes = list;
    const linux = list.filter(({ kind }) => kind !== 'windows');
    architectureOf = new Map(
      linux.flatMap(({ name, architecture }) => (architecture === '' ? [] : [[name, architecture]])),
    );
    // A node that does not say what it is could be anything.
    const all = linux.length > 0 && architectureOf.size === linux.length;
    architectures = all ? [...new Set(architectureOf.values())].sort() : undefined;
  };

  async function refresh(signal: AbortSignal): Promise<boolean> {
    askedMs = clock.monotonicMs();
    const answered = await Promise.all([
      ask(
        'the server’s version',
        () => client.get('/version', { signal }),
        (answer) => (version = stringOf(answer['gitVersion']) ?? version),
      ),
      ask(
        'the API groups',
        () => client.get('/apis', { signal }),
        (answer) => {
          openShift = listOf(answer['groups']).some((group) =>
            openShiftGroups.has(stringOf(objectOf(group)?.['name']) ?? ''),
          );
        },
      ),
      ask('the nodes', () => listNodes(client, signal), takeNodes),
    ]);
    const now = seenOf(version, nodes, openShift);
    const changed = keys.some((key) => now[key] !== seen[key]);
    if (changed) {
      seen = now;
      log.info({ version, nodes: nodes?.length, ...now }, 'the cluster’s facts');
    }
    const all = answered.every((one) => one);
    if (all) markKnown();
    return all;
  }

  return {
    seen: () => seen,
    nodes: { architectureOf: (name) => architectureOf.get(name), architectures: () => architectures },
    report: () => ({
      version,
      nodes: nodes?.length,
      capabilities: { ...capabilitiesOf(version, nodes), openShift: openShiftOf(openShift) },
    }),
    refresh,
    known,
    catchUp: async (signal) => {
      if (clock.monotonicMs() - askedMs >= catchUpRestMs) catchingUp = refresh(signal);
      await catchingUp;
    },
    run: async (signal, onChange) => {
      let told = seen;
      for (let failures = 0; !signal.aborted;) {
        failures = (await refresh(signal)) ? 0 : failures + 1;
        if (seen !== told) onChange(seen);
        told = seen;
        const retry = { firstMs: shortestRetryMs, longestMs: refreshMs };
        const waitMs = failures === 0 ? jittered(refreshMs, random) : backOffMs(failures, random, undefined, retry);
        await sleep(waitMs, signal);
      }
    },
  };
}

const keys = ['nativeSidecars', 'imageVolumes', 'openShift'] as const satisfies readonly (keyof SeenFacts)[];

function seenOf(
  version: string | undefined,
  nodes: readonly KnownNode[] | undefined,
  openShift: boolean | undefined,
): SeenFacts {
  const { nativeSidecars, imageVolumes } = capabilitiesOf(version, nodes);
  return { nativeSidecars: nativeSidecars.holds, imageVolumes: imageVolumes.holds, openShift: openShift === true };
}

function openShiftOf(openShift: boolean | undefined): Capability {
  if (openShift === undefined) return { holds: false, because: 'the API groups could not be read' };
  return { holds: openShift, because: `the API server has ${openShift ? '' : 'none of '}OpenShift’s API groups` };
}
