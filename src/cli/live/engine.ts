import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { readAgentImages } from '../../cluster/live/read-agent-images.js';
import { readPolicies, type LivePolicies } from '../../cluster/live/read-policies.js';
import { argvIn } from '../../engine/configure.js';
import type { Rule, Rules } from '../../engine/rules.js';
import { rewriteImage } from '../../inject/rewrite-image.js';
import { OutriderError } from '../../model/error.js';
import type { StringMap } from '../../model/selector.js';
import type { TakenBackByKey } from '../../model/taken-back.js';
import type { Settings } from '../../settings/table.js';
import { type Invocation, textOf, textsOf } from '../command.js';
import { oneLine } from '../errors.js';
import type { OfflineEngine } from '../offline/engine.js';
import { loadPolicies, readImageConfigs, type LoadedPolicies } from '../options/policy.js';
import { openGround, readKnownInstallation, type LiveGround, type LiveSettings } from './ground.js';
import { isKeyOf, KeyReader, secretStateIn, type KeyState } from './keys.js';
import { leftAloneBy, noneTakenBack, readTakenBack } from './taken-back.js';

/** What decides on a cluster's objects. The caller that opens it closes `images`. */
export interface LiveEngine
  extends Pick<OfflineEngine, 'engine' | 'namespaces'>, Pick<LiveGround, 'images' | 'report'> {
  /** Whether the policies are the cluster's own. */
  readonly ownPolicies: boolean;
  /** The settings of the installation that this user cannot read, in words. They are assumed to be the defaults. */
  readonly unread: readonly string[];
  /** Workloads whose new pods are left alone; none where that cannot be read, or the policies are not the cluster’s. */
  readonly takenBack: TakenBackByKey;
  /**
   * The state of the access key that a policy's pods of the namespace refer to; `undefined` where they refer to none.
   *
   * @param rule how the policy is carried out for the pods that are meant, where that is known
   */
  readonly keyOf: (policy: string | undefined, rule?: Rule) => KeyState | undefined;
}

/** What decides on the objects in all namespaces of a cluster. The caller that opens it closes `images`. */
export interface LiveCluster extends Pick<LiveEngine, 'images' | 'report' | 'ownPolicies' | 'unread' | 'takenBack'> {
  readonly rules: Rules;
  /** Names of the namespaces that are never injected. */
  readonly excludedNamespaces: ReadonlySet<string>;
  /** Reads what is specific to a namespace. The result uses the `images` of all namespaces. */
  inNamespace(namespace: { readonly name: string; readonly labels: StringMap }): Promise<LiveEngine>;
}

/**
 * Builds what decides on a cluster's objects as the webhook there does. It uses the cluster's policies, unless the command
 * line gives some, the installation's settings, and as much of the rest as can be read.
 *
 * @param ownPolicies whether the policies are the cluster's
 * @param looksAtKeys whether to read Secrets, to tell which of them pods would get now
 * @throws OutriderError, or an AggregateError of them
 */
export async function openLiveCluster(
  invocation: Invocation,
  settings: LiveSettings,
  { client }: OpenCluster,
  ownPolicies: boolean,
  looksAtKeys = true,
): Promise<LiveCluster> {
  const installation = await readKnownInstallation(invocation, settings, client);
  const { clusterSettings, images: known, unread } = installation;
  const policies = ownPolicies
    ? await clusterPolicies(
        invocation,
        { ...clusterSettings, instance: settings.instance, ownNamespace: settings.ownNamespace },
        client,
        new Map([...known, ...(await readImageConfigs(invocation))]),
      )
    : await loadPolicies(invocation, { ...clusterSettings, instance: settings.instance }, known);
  const { rules } = policies;
  const [ground, taken] = await Promise.all([
    openGround(invocation, settings, client, installation, policies.images),
    ownPolicies ? readTakenBack(client, settings) : noneTakenBack,
  ]);
  const { images, report, excludedNamespaces } = ground;
  const common = {
    images,
    ownPolicies,
    report,
    unread: [...unread, ...taken.unread],
    takenBack: taken.entries,
  };
  const reader = new KeyReader(client, settings.ownNamespace);
  return {
    ...common,
    rules,
    excludedNamespaces,
    inNamespace: async ({ name, labels }) => {
      const [keys] = await Promise.all([looksAtKeys ? reader.in(name, rules) : noKeys, ground.learnLimits(name)]);
      return {
        ...common,
        engine: { ...ground.engine(rules, secretStateIn(keys)), takenBack: leftAloneBy(taken.entries) },
        namespaces: { of: () => name, labels: () => labels },
        keyOf: (policy, rule) =>
          keys.find((key) => key.policy === policy && (rule === undefined || isKeyOf(rule, key))),
      };
    },
  };
}

const noKeys: readonly KeyState[] = [];

/**
 * The same for the objects of one namespace. The caller that opens it closes `images`.
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

/**
 * Whether a command line gives policies of its own.
 *
 * @throws OutriderError `usage` for options that change policies, because they cannot change a cluster's
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

/** Reads the cluster's policies. Warns about a policy that is not valid, and lets it compete as the webhook does. */
export async function clusterPolicies(
  { io }: Invocation,
  { imageRewrites, instance, ownNamespace }: Pick<Settings, 'imageRewrites' | 'instance' | 'ownNamespace'>,
  client: OpenCluster['client'],
  images: LoadedPolicies['images'],
): Promise<Pick<LoadedPolicies, 'rules' | 'images'>> {
  const found = await readAgentImages(client, { instance, ownNamespace });
  const given = argvIn(images, imageRewrites);
  const { rules, policies, profiles } = await readPolicies(client, {
    argvOf: (image) => given(image) ?? found.get(rewriteImage(image, imageRewrites))?.argv,
    instance,
  });
  warnOfInvalid({ policies, profiles }, io);
  return { rules, images };
}

/** Warns about the cluster's policies and profiles that are not valid. */
export function warnOfInvalid(
  { policies, profiles }: Pick<LivePolicies, 'policies' | 'profiles'>,
  { stderr }: Pick<Invocation['io'], 'stderr'>,
): void {
  for (const { problem, name } of [...policies, ...profiles]) {
    if (problem === undefined) continue;
    const goesOn = 'A replica that knows a last valid version goes on with that.';
    stderr.write(`outrider: warning: ${name} is not valid: ${oneLine(problem.message)} ${goesOn}\n`);
  }
}
