import { capabilitiesOf, type Capability, type ClusterCapabilities } from '../../doctor/capabilities.js';
import type { Clock } from '../../time/clock.js';
import type { NodeSets } from '../../doctor/node-sets.js';
import type { NodeFacts } from '../../image/pod-platforms.js';
import { listOf, objectOf, stringOf } from '../../model/json.js';
import type { SeenFacts } from '../../model/recipe.js';
import type { Logger } from '../../observe/logger.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { backOffMs } from '../back-off.js';
import { isAborted } from '../../time/abort.js';
import { jittered, type Random, type Sleep } from '../../time/sleep.js';
import { countNodes, listNodes, type KnownNode } from './node-list.js';
import { KnownPodNodes } from './pod-nodes.js';

/** The facts about a cluster, with their sources, for `outrider status`. */
export interface ClusterFactsReport {
  /** Such as `v1.36.3`; `undefined` while it is not known. */
  readonly version: string | undefined;
  /** The number of nodes; `undefined` while they could not be read. */
  readonly nodes: number | undefined;
  readonly capabilities: ClusterCapabilities & { readonly openShift: Capability };
}

/** What the reader needs. */
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
/** How soon a changed number of nodes is noticed. */
const countMs = 30_000;
/** How soon to look again at nodes that just appeared, because they may have got more labels since. */
const settledMs = 60_000;
const openShiftGroups = new Set(['security.openshift.io', 'config.openshift.io']);

/** Reads facts about a cluster: version, nodes and API groups. Makes no request before `refresh` or `run`. */
export class ClusterFactsReader {
  /** Resolves when everything has been answered, or refused, for the first time. */
  readonly known: Promise<void>;
  /** For the choice of an image's platform. */
  readonly nodes: NodeFacts = {
    architectureOf: (name) => this.#architectures.byNode.get(name),
    architectures: () => this.#architectures.all,
  };
  /** For decisions about single pods; always the same object. */
  readonly podNodes = new KnownPodNodes();
  readonly #options: ClusterFactsOptions;
  #version: string | undefined;
  #nodes: readonly KnownNode[] | undefined;
  #sets: NodeSets | undefined;
  #architectures: Architectures = { byNode: new Map(), all: undefined };
  #openShift: boolean | undefined;
  #seen = seenOf(undefined, undefined, undefined);
  /** How often facts, or what the nodes mean for most pods, were other than before. */
  #changes = 0;
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
   * Asks the API server once. Facts without an answer keep their last known value. Never throws for the API server's errors.
   * @returns whether everything was answered
   */
  async refresh(signal: AbortSignal): Promise<boolean> {
    this.#askedMs = this.#options.clock.monotonicMs();
    const answered = await Promise.all([
      this.#askForVersion(signal),
      this.#askForGroups(signal),
      this.#askForNodes(signal),
    ]);
    if (this.podNodes.know(this.#version, this.#sets)) this.#changes++;
    this.#notice();
    const all = answered.every((one) => one);
    if (all) this.#markKnown();
    return all;
  }

  /** Asks again, unless that happened a moment ago, because there can be many nodes. Callers share the request. */
  async catchUp(signal: AbortSignal): Promise<void> {
    if (this.#options.clock.monotonicMs() - this.#askedMs >= catchUpRestMs) this.#catchingUp = this.refresh(signal);
    await this.#catchingUp;
  }

  /**
   * Asks again every few minutes until the signal aborts, and sooner after a failure or when the number of nodes changes.
   * @param onChange called when facts, or what the nodes mean for most pods, are other than before
   */
  async run(signal: AbortSignal, onChange: (seen: SeenFacts) => void): Promise<void> {
    const { random, sleep } = this.#options;
    const retry = { firstMs: shortestRetryMs, longestMs: refreshMs };
    let told = this.#changes;
    let restMs = refreshMs;
    for (let failures = 0; !signal.aborted;) {
      failures = (await this.refresh(signal)) ? 0 : failures + 1;
      if (this.#changes !== told) onChange(this.#seen);
      told = this.#changes;
      if (failures > 0) await sleep(backOffMs(failures, random, undefined, retry), signal);
      else restMs = await this.#rest(jittered(restMs, random), signal);
    }
  }

  /** Waits, but only until the nodes change. @returns how long to wait the next time */
  async #rest(forMs: number, signal: AbortSignal): Promise<number> {
    for (let leftMs = forMs; leftMs > 0 && !isAborted(signal); leftMs -= countMs) {
      await this.#options.sleep(Math.min(leftMs, countMs), signal);
      if (leftMs > countMs && !isAborted(signal) && (await this.#hasOtherNodes(signal))) return settledMs;
    }
    return refreshMs;
  }

  async #hasOtherNodes(signal: AbortSignal): Promise<boolean> {
    if (this.#nodes === undefined) return false;
    try {
      const count = await countNodes(this.#options.client, signal);
      return count !== undefined && count !== this.#nodes.length;
    } catch {
      // The next regular look reports what is wrong.
      return false;
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
      const { nodes, sets } = await listNodes(this.#options.client, signal);
      this.#nodes = nodes;
      this.#sets = sets;
      this.#architectures = architecturesOf(this.#nodes);
    });
  }

  /** Takes over an answer; without one, known facts stay. @returns whether nothing needs an earlier request */
  async #ask(what: string, take: () => Promise<void>): Promise<boolean> {
    const { log } = this.#options;
    try {
      await take();
      return true;
    } catch (error) {
      // A missing right is logged once, and retried at the next regular look.
      const lacksRight = isApiError(error, 'Forbidden');
      if (!lacksRight) log.warn({ err: error }, `${what} cannot be read; what is known of them stays`);
      else if (!this.#saidForbidden) {
        log.warn({ err: error }, `${what} may not be read; without them less is known for sure`);
      }
      this.#saidForbidden ||= lacksRight;
      return lacksRight;
    }
  }

  /** Makes a new object if what is seen has changed. */
  #notice(): void {
    const now = seenOf(this.#version, this.#nodes, this.#openShift);
    if (keys.every((key) => now[key] === this.#seen[key])) return;
    this.#seen = now;
    this.#changes++;
    const about = { version: this.#version, nodes: this.#nodes?.length, ...now };
    this.#options.log.info(about, 'the cluster’s facts');
  }
}

interface Architectures {
  readonly byNode: ReadonlyMap<string, string>;
  /** The architectures of all Linux nodes; `undefined` while a node does not report its own. */
  readonly all: readonly string[] | undefined;
}

function architecturesOf(nodes: readonly KnownNode[]): Architectures {
  const linux = nodes.filter(({ kind }) => kind !== 'windows');
  const byNode = new Map(
    linux.flatMap(({ name, architecture }) => (architecture === '' ? [] : [[name, architecture] as const])),
  );
  // A node that does not report its architecture could have any.
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
