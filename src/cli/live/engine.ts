import { ClusterFactsReader, type ClusterFactsReport } from '../../cluster/facts/cluster-facts.js';
import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { readInstallation } from '../../cluster/live/read-installation.js';
import { readPolicies } from '../../cluster/live/read-policies.js';
import { keyOf, readSecretState } from '../../cluster/live/read-secret.js';
import { ClusterLimits } from '../../cluster/limits/namespace-limits.js';
import { sleepByTimer } from '../../time/sleep.js';
import { createSecretSource } from '../../cluster/secrets/secret-source.js';
import { argvIn } from '../../engine/configure.js';
import type { Engine, SecretState } from '../../engine/engine.js';
import type { Rules } from '../../engine/rules.js';
import { systemClock } from '../../time/clock.js';
import { OutriderError } from '../../model/error.js';
import type { StringMap } from '../../model/selector.js';
import { createLogger } from '../../observe/logger.js';
import type { InstallationSettings } from '../options/cluster.js';
import { type Invocation, textOf, textsOf } from '../command.js';
import { oneLine } from '../errors.js';
import { openImages, type OpenImages } from '../image/open-images.js';
import { withInstalled } from './installed-settings.js';
import type { LookupSettings } from '../image/lookups.js';
import type { OfflineEngine } from '../offline/engine.js';
import { loadPolicies, readImageConfigs, type LoadedPolicies } from '../options/policy.js';
import { clusterFacts } from '../../settings/cluster-facts.js';
import type { Settings } from '../../settings/table.js';

const factsMs = 10_000;

/** The settings of a command line that a live engine goes by; those about the cluster are read with the installation's. */
export type LiveSettings = InstallationSettings & LookupSettings;

/** What decides on a cluster's objects. Whoever opens it closes `images`. */
export interface LiveEngine extends Pick<OfflineEngine, 'engine' | 'namespaces'> {
  readonly images: OpenImages;
  /** What the cluster says of itself. */
  readonly report: ClusterFactsReport;
  /** Whether the policies are the cluster's own. */
  readonly ownPolicies: boolean;
  /** The state of the access key that a policy's pods of the namespace refer to; `undefined` where they refer to none. */
  readonly keyOf: (policy: string | undefined) => KeyState | undefined;
}

/** An access key, and whether it is there. */
export interface KeyState {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
  readonly state: SecretState;
}

/** What decides on the objects of all namespaces of a cluster. Whoever opens it closes `images`. */
export interface LiveCluster extends Pick<LiveEngine, 'images' | 'report' | 'ownPolicies'> {
  readonly rules: Rules;
  /** Names of the namespaces that are never touched. */
  readonly excludedNamespaces: ReadonlySet<string>;
  /** Reads what is a namespace's own. What it gives uses the `images` of all. */
  inNamespace(namespace: { readonly name: string; readonly labels: StringMap }): Promise<LiveEngine>;
}

/**
 * Puts together what decides on a cluster's objects as the webhook there does: the cluster's policies, unless the command
 * line gives some, the installation's settings, and what of the rest can be read.
 *
 * @param ownPolicies whether the policies are the cluster's
 * @param looksAtKeys whether Secrets are read: which of them pods would get now
 * @throws OutriderError, or an AggregateError of them
 */
export async function openLiveCluster(
  invocation: Invocation,
  settings: LiveSettings,
  { client }: OpenCluster,
  ownPolicies: boolean,
  looksAtKeys = true,
): Promise<LiveCluster> {
  const installed = await readInstallation(client, settings);
  const { clusterSettings, images: known, registries } = withInstalled(invocation, installed);
  const policies = ownPolicies
    ? await clusterPolicies(
        invocation,
        { ...clusterSettings, instance: settings.instance },
        client,
        new Map([...known, ...(await readImageConfigs(invocation))]),
      )
    : await loadPolicies(invocation, { ...clusterSettings, instance: settings.instance }, known);
  const { rules } = policies;
  const limits = new ClusterLimits({ client, clock: systemClock });
  const facts = await readFacts(client);
  const images = await openImages({
    map: policies.images,
    ...(registries === undefined ? {} : { registries }),
    settings,
    io: invocation.io,
    cluster: { secrets: createSecretSource({ client, clock: systemClock }), nodes: facts.nodes },
  });
  const common = { images, ownPolicies, report: facts.report() };
  const excludedNamespaces = new Set([...clusterSettings.excludedNamespaces, settings.ownNamespace]);
  return {
    ...common,
    rules,
    excludedNamespaces,
    inNamespace: async ({ name, labels }) => {
      const [keys] = await Promise.all([
        looksAtKeys ? readKeys(client, rules, name, settings.ownNamespace) : new Map<string, KeyState>(),
        limits.learn(name, AbortSignal.timeout(factsMs)),
      ]);
      const engine: Engine = {
        rules,
        facts: clusterFacts(clusterSettings, facts.seen()),
        images: images.resolver,
        limits,
        excludedNamespaces,
        secretState: secretStateIn(keys),
      };
      return {
        ...common,
        engine,
        namespaces: { of: () => name, labels: () => labels },
        keyOf: (policy) => (policy === undefined ? undefined : keys.get(policy)),
      };
    },
  };
}

/**
 * The same for the objects of one namespace. Whoever opens it closes `images`.
 *
 * @throws OutriderError, or an AggregateError of them
 */
export async function openLiveEngine(
  invocation: Invocation,
  settings: LiveSettings,
  cluster: OpenCluster,
  namespace: { readonly name: string; readonly labels: StringMap },
  ownPolicies: boolean,
  looksAtKeys = true,
): Promise<LiveEngine> {
  const live = await openLiveCluster(invocation, settings, cluster, ownPolicies, looksAtKeys);
  try {
    return await live.inNamespace(namespace);
  } catch (error) {
    await live.images.close();
    throw error;
  }
}

/** The access keys that each policy's pods of a namespace refer to. */
async function readKeys(
  client: OpenCluster['client'],
  { byPolicy }: Rules,
  namespace: string,
  ownNamespace: string,
): Promise<ReadonlyMap<string, KeyState>> {
  const keys = new Map<string, KeyState>();
  await Promise.all(
    [...byPolicy].map(async ([policy, rule]) => {
      const key = keyOf(rule);
      if (key === undefined) return;
      // A mirrored key is copied from the installation's namespace, if need be in the call that creates the pod.
      const place = { namespace: rule.mirror === undefined ? namespace : ownNamespace, ...key };
      const state = await readSecretState(client, place.namespace, place.name, place.key);
      keys.set(policy, { ...place, state });
    }),
  );
  return keys;
}

function secretStateIn(keys: ReadonlyMap<string, KeyState>): Engine['secretState'] {
  return (namespace, name, key, mirrorOf) => {
    const known =
      mirrorOf === undefined
        ? [...keys.values()].find((each) => each.namespace === namespace && each.name === name && each.key === key)
        : keys.get(mirrorOf);
    return known?.state ?? 'unknown';
  };
}

/** Reads what the cluster says of itself, once. */
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

/**
 * Whether a command line gives policies of its own.
 *
 * @throws OutriderError `usage` for what would change policies, and does not change a cluster's
 */
export function givesPolicies({ flags }: Invocation): boolean {
  if (textsOf(flags['policy']).length > 0 || textOf(flags['profile']) !== undefined) return true;
  const stray = textsOf(flags['set']).length > 0 ? '--set' : flags['prefer'] === undefined ? undefined : '--prefer';
  if (stray !== undefined) {
    const message = `${stray} does not change the cluster’s policies; give --policy or --profile with it.`;
    throw new OutriderError('usage', message);
  }
  return false;
}

/** The cluster's policies. One that is not valid is said to be so, and competes as the webhook lets it. */
export async function clusterPolicies(
  { io }: Invocation,
  { imageRewrites, instance }: Pick<Settings, 'imageRewrites' | 'instance'>,
  client: OpenCluster['client'],
  images: LoadedPolicies['images'],
): Promise<Pick<LoadedPolicies, 'rules' | 'images'>> {
  const { rules, policies, profiles } = await readPolicies(client, {
    argvOf: argvIn(images, imageRewrites),
    instance,
  });
  for (const { problem, name } of [...policies, ...profiles]) {
    if (problem === undefined) continue;
    const goesOn = 'A replica that knows a last valid version goes on with that.';
    io.stderr.write(`outrider: warning: ${name} is not valid: ${oneLine(problem.message)} ${goesOn}\n`);
  }
  return { rules, images };
}
