import type { OpenCluster } from '../cluster/live/open-cluster.js';
import { readPolicies } from '../cluster/live/read-policies.js';
import { readSecretState } from '../cluster/live/read-secret.js';
import { configure } from '../engine/configure.js';
import type { Engine, SecretState } from '../engine/engine.js';
import { OutriderError } from '../model/error.js';
import type { StringMap } from '../model/selector.js';
import type { Invocation } from './command.js';
import { lineOf } from './errors.js';
import { textOf, textsOf } from './flags.js';
import { openImages, type OpenImages } from './images.js';
import { lookupSettings } from './lookup-options.js';
import type { OfflineEngine } from './offline-engine.js';
import { loadPolicies, readImageConfigs, type LoadedPolicies } from './policy-options.js';
import { clusterFacts } from '../config-facts.js';
import { clusterSettings, settingsOf } from './setting-options.js';

/** Settings of the installation that a command asks about. */
export const installationSettings = ['instance', 'ownNamespace'] as const;

/** What decides on a cluster's objects. Whoever opens it closes `images`. */
export interface LiveEngine extends Pick<OfflineEngine, 'engine' | 'namespaces'> {
  readonly images: OpenImages;
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

/**
 * Puts together what decides on the objects of one namespace as the webhook there does: the cluster's policies, unless
 * the command line gives some, and what of the rest can be read.
 *
 * @throws OutriderError, or an AggregateError of them
 */
export async function openLiveEngine(
  invocation: Invocation,
  { client }: OpenCluster,
  namespace: { readonly name: string; readonly labels: StringMap },
): Promise<LiveEngine> {
  const ownPolicies = !givesPolicies(invocation);
  const policies = ownPolicies ? await clusterPolicies(invocation, client) : await loadPolicies(invocation);
  const settings = settingsOf(invocation, [...clusterSettings, ...installationSettings]);
  const keys = new Map<string, KeyState>();
  await Promise.all(
    [...policies.rules.byPolicy].map(async ([policy, { recipe }]) => {
      const { credentials } = recipe;
      if (credentials === undefined) return;
      const ranked = policies.rules.policies.ranked.find(({ name }) => name === policy);
      // A mirrored key is copied from the installation's namespace, if need be in the call that creates the pod.
      const mirrored = ranked?.valid === true && ranked.spec.credentials.mirror;
      const place = { namespace: mirrored ? settings.ownNamespace : namespace.name, ...credentials };
      const state = await readSecretState(client, place.namespace, place.name, place.key);
      keys.set(policy, { ...place, state });
    }),
  );
  const images = await openImages({
    map: policies.images,
    settings: settingsOf(invocation, lookupSettings),
    io: invocation.io,
  });
  const engine: Engine = {
    rules: policies.rules,
    facts: clusterFacts(settings),
    images: images.resolver,
    excludedNamespaces: new Set([...settings.excludedNamespaces, settings.ownNamespace]),
    secretState: (_namespace, name, key) =>
      [...keys.values()].find((each) => each.name === name && each.key === key)?.state ?? 'unknown',
  };
  return {
    engine,
    images,
    ownPolicies,
    namespaces: { of: () => namespace.name, labels: () => namespace.labels },
    keyOf: (policy) => (policy === undefined ? undefined : keys.get(policy)),
  };
}

function givesPolicies({ flags }: Invocation): boolean {
  return textsOf(flags['policy']).length > 0 || textOf(flags['profile']) !== undefined;
}

/** The cluster's policies. One that is not valid is said to be so, and competes as the webhook lets it. */
async function clusterPolicies(
  { flags, io }: Invocation,
  client: OpenCluster['client'],
): Promise<Pick<LoadedPolicies, 'rules' | 'images'>> {
  const stray = textsOf(flags['set']).length > 0 ? '--set' : flags['prefer'] === undefined ? undefined : '--prefer';
  if (stray !== undefined) {
    const message = `${stray} does not change the cluster’s policies; give --policy or --profile with it.`;
    throw new OutriderError('usage', message);
  }
  const parsed = await readPolicies(client);
  const { rules, problems } = configure(parsed, settingsOf({ flags, io }, clusterSettings).imageRewrites);
  for (const problem of problems) io.stderr.write(`outrider: warning: ${lineOf(problem)}\n`);
  return { rules, images: await readImageConfigs({ flags, io }) };
}
