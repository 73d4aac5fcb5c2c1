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

/** Reads what a cluster is: version, nodes and API groups. Nothing is asked before `refresh` or `run`. */
export class ClusterFactsReader {
  /** Resolves once everything was answered, or refused, for the first time. */
  readonly known: Promise<void>;
  /** For the choice of an image's platform. */
  readonly nodes: NodeFacts = {
    architectureOf: (name) => this.#architectures.byNode.get(name),
    architectures: () => this.#architectures.all,
  };
  readonly #options: ClusterFactsOptions;
  #version: string | undefined;
  #nodes: readonly KnownNode[] | undefined;
  #architectures: Architectures = { byNode: new Map(), all: undefined };
  #openShift: boolean | undefined;
  #seen = seenOf(undefined, undefined, undefined);
  #saidForbidden = false;
  #askedMs = -Infinity;
  #catchingUp: Promise<unknown> = Promise.resolve();
  #markKnown = (): void => undefined;

  constructor(options: ClusterFactsOptions) {
    this.#options = options;
    this.known = new Promise((resolve) => {
      this.#markKnown = resolve;
    });
  }

  /** The same object until something in it changes. */
  seen(): SeenFacts {
    return this.#seen;
  }

  report(): ClusterFactsReport {
    return {
      version: this.#version,
      nodes: this.#nodes?.length,
      capabilities: { ...capabilitiesOf(this.#version, this.#nodes), openShift: openShiftOf(this.#openShift) },
    };
  }

  /**
   * Asks the API server once. What does not answer keeps its last known value; never throws for what the API server
   * does.
   * @returns whether everything was answered
   */
  async refresh(signal: AbortSignal): Promise<boolean> {
    this.#askedMs = this.#options.clock.monotonicMs();
    const answered = await Promise.all([
      this.#askForVersion(signal),
      this.#askForGroups(signal),
      this.#askForNodes(signal),
    ]);
    this.#notice();
    const all = answered.every((one) => one);
    if (all) this.#markKnown();
    return all;
  }

  /** Asks once more, unless that was done a moment ago: nodes can be many. Callers share it. */
  async catchUp(signal: AbortSignal): Promise<void> {
    if (this.#options.clock.monotonicMs() - this.#askedMs >= catchUpRestMs) this.#catchingUp = this.refresh(signal);
    await this.#catchingUp;
  }

  /** Asks again every few minutes, and sooner after a failure, until the signal aborts. */
  async run(signal: AbortSignal, onChange: (seen: SeenFacts) => void): Promise<void> {
    const { random, sleep } = this.#options;
    const retry = { firstMs: shortestRetryMs, longestMs: refreshMs };
    let told = this.#seen;
    for (let failures = 0; !signal.aborted;) {
      failures = (await this.refresh(signal)) ? 0 : failures + 1;
      if (this.#seen !== told) onChange(this.#seen);
      told = this.#seen;
      await sleep(failures === 0 ? jittered(refreshMs, random) : backOffMs(failures, random, undefined, retry), signal);
    }
  }

  #askForVersion(signal: AbortSignal): Promise<boolean> {
    return this.#ask('the server’s version', async () => {
      const answer = await this.#options.client.get('/version', { signal });
      this.#version = stringOf(answer['gitVersion']) ?? this.#version;
    });
  }

  #askForGroups(signal: AbortSignal): Promise<boolean> {
    return this.#ask('the API groups', async () => {
      const answer = await this.#options.client.get('/apis', { signal });
      this.#openShift = listOf(answer['groups']).some((group) =>
        openShiftGroups.has(stringOf(objectOf(group)?.['name']) ?? ''),
      );
    });
  }

  #askForNodes(signal: AbortSignal): Promise<boolean> {
    return this.#ask('the nodes', async () => {
      this.#nodes = await listNodes(this.#options.client, signal);
      this.#architectures = architecturesOf(this.#nodes);
    });
  }

  /** Takes an answer over; without one, what is known stays. @returns whether there is nothing to ask sooner for */
  async #ask(what: string, take: () => Promise<void>): Promise<boolean> {
    const { log } = this.#options;
    try {
      await take();
      return true;
    } catch (error) {
      // A missing right is logged once, and waits for the next regular look.
      const lacksRight = isApiError(error, 'Forbidden');
      if (!lacksRight) log.warn({ err: error }, `${what} cannot be read; what is known of them stays`);
      else if (!this.#saidForbidden) {
        log.warn({ err: error }, `${what} may not be read; without them less is known for sure`);
      }
      this.#saidForbidden ||= lacksRight;
      return lacksRight;
    }
  }

  /** Makes another object of what is seen when it is another. */
  #notice(): void {
    const now = seenOf(this.#version, this.#nodes, this.#openShift);
    if (keys.every((key) => now[key] === this.#seen[key])) return;
    this.#seen = now;
    const about = { version: this.#version, nodes: this.#nodes?.length, ...now };
    this.#options.log.info(about, 'the cluster’s facts');
  }
}

interface Architectures {
  readonly byNode: ReadonlyMap<string, string>;
  /** Those of all Linux nodes; `undefined` while one does not say what it is. */
  readonly all: readonly string[] | undefined;
}

function architecturesOf(nodes: readonly KnownNode[]): Architectures {
  const linux = nodes.filter(({ kind }) => kind !== 'windows');
  const byNode = new Map(
    linux.flatMap(({ name, architecture }) => (architecture === '' ? [] : [[name, architecture] as const])),
  );
  // A node that does not say what it is could be anything.
  const all = linux.length > 0 && byNode.size === linux.length;
  return { byNode, all: all ? [...new Set(byNode.values())].sort() : undefined };
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
