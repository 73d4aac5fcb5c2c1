import { ClusterFactsReader, type ClusterFactsReport } from '../../cluster/facts/cluster-facts.js';
import { ClusterLimits } from '../../cluster/limits/namespace-limits.js';
import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { readInstallation } from '../../cluster/live/read-installation.js';
import { createSecretSource } from '../../cluster/secrets/secret-source.js';
import type { Engine } from '../../engine/engine.js';
import type { Rules } from '../../engine/rules.js';
import type { SecretSource } from '../../image/credentials/pull-secrets.js';
import type { ImageConfig } from '../../model/image.js';
import { createLogger } from '../../observe/logger.js';
import { clusterFacts, nodesFor } from '../../settings/cluster-facts.js';
import { systemClock } from '../../time/clock.js';
import { sleepByTimer } from '../../time/sleep.js';
import type { Invocation } from '../command.js';
import type { LookupSettings } from '../image/lookups.js';
import { openImages, type OpenImages } from '../image/open-images.js';
import type { InstallationSettings } from '../options/cluster.js';
import { withInstalled, type InstalledSettings } from './installed-settings.js';

const factsMs = 10_000;

/**
 * The settings of a command line that a live engine uses. Settings about the cluster are read together with the
 * installation's.
 */
export type LiveSettings = InstallationSettings & LookupSettings;

/** The settings of a command line and of an installation, and what could not be read of it. */
export interface KnownInstallation extends InstalledSettings {
  /** The settings of the installation that this user cannot read, in words. They are assumed to be the defaults. */
  readonly unread: readonly string[];
}

interface GroundParts {
  readonly client: OpenCluster['client'];
  readonly clusterSettings: KnownInstallation['clusterSettings'];
  readonly ownNamespace: string;
  readonly facts: ClusterFactsReader;
  readonly secrets: SecretSource;
  readonly images: OpenImages;
}

/** What decides on a cluster's objects, besides policies. The caller that opens it closes `images`. */
export class LiveGround {
  readonly images: OpenImages;
  /** What the cluster reports about itself. */
  readonly report: ClusterFactsReport;
  /** Names of the namespaces that are never injected. */
  readonly excludedNamespaces: ReadonlySet<string>;
  /** Pull secrets, read on demand. */
  readonly secrets: SecretSource;
  readonly #limits: ClusterLimits;
  readonly #facts: ClusterFactsReader;
  readonly #settings: KnownInstallation['clusterSettings'];

  constructor({ client, clusterSettings, ownNamespace, facts, secrets, images }: GroundParts) {
    this.images = images;
    this.report = facts.report();
    this.excludedNamespaces = new Set([...clusterSettings.excludedNamespaces, ownNamespace]);
    this.secrets = secrets;
    this.#limits = new ClusterLimits({ client, clock: systemClock });
    this.#facts = facts;
    this.#settings = clusterSettings;
  }

  /** Reads what LimitRanges and quotas of a namespace ask for. Never rejects. */
  learnLimits(namespace: string): Promise<void> {
    return this.#limits.learn(namespace, AbortSignal.timeout(factsMs));
  }

  engine(rules: Rules, secretState: Engine['secretState']): Engine {
    return {
      rules,
      facts: clusterFacts(this.#settings, this.#facts.seen()),
      ...nodesFor(this.#settings, this.#facts.podNodes),
      images: this.images.resolver,
      limits: this.#limits,
      excludedNamespaces: this.excludedNamespaces,
      secretState,
    };
  }
}

/** Reads an installation's settings, as far as the user's rights allow. @throws OutriderError */
export async function readKnownInstallation(
  invocation: Invocation,
  settings: InstallationSettings,
  client: OpenCluster['client'],
): Promise<KnownInstallation> {
  const installed = await readInstallation(client, settings);
  return { ...withInstalled(invocation, installed), unread: installed.unread };
}

/**
 * Opens everything but the policies.
 *
 * @param map what images start, by reference
 * @throws OutriderError, or an AggregateError of them
 */
export async function openGround(
  { io }: Invocation,
  settings: LiveSettings,
  client: OpenCluster['client'],
  { clusterSettings, registries }: KnownInstallation,
  map: ReadonlyMap<string, ImageConfig>,
): Promise<LiveGround> {
  const facts = await readFacts(client);
  const secrets = createSecretSource({ client, clock: systemClock });
  const images = await openImages({
    map,
    ...(registries === undefined ? {} : { registries }),
    settings,
    io,
    cluster: { secrets, nodes: facts.nodes },
  });
  return new LiveGround({ client, clusterSettings, ownNamespace: settings.ownNamespace, facts, secrets, images });
}

/** Reads what the cluster reports about itself, once. */
export async function readFacts(client: OpenCluster['client']): Promise<ClusterFactsReader> {
  const facts = new ClusterFactsReader({
    client,
    log: await createLogger({ level: 'silent', format: 'json' }),
    random: Math.random,
    sleep: sleepByTimer,
    clock: systemClock,
  });
  await facts.refresh(AbortSignal.timeout(factsMs));
  return facts;
}
