import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { listRunningPods, readPodNow } from '../../cluster/live/list-pods.js';
import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { readNamespaces } from '../../cluster/live/read-namespaces.js';
import { namedWorkloads, namespaceIn, type NamedWorkload } from '../../cluster/live/workload-kinds.js';
import { matchNamespaces } from '../../engine/matched-namespaces.js';
import { rewriteImage } from '../../inject/rewrite-image.js';
import { OutriderError } from '../../model/error.js';
import { stringMembersOf, stringOf, type JsonObject } from '../../model/json.js';
import { nearest } from '../../model/nearest.js';
import type { StringMap } from '../../model/selector.js';
import { screen } from '../../policy/screen.js';
import { systemClock } from '../../time/clock.js';
import { textOf, textsOf, type Invocation } from '../command.js';
import { lookupSettingKeys } from '../image/lookups.js';
import { openLiveEngine, type LiveEngine } from '../live/engine.js';
import { decideTemplate } from '../offline/instrument-templates.js';
import { clusterChoice, timeoutOf, type ClusterOpener, type InstallationSettings } from '../options/cluster.js';
import { commandSettings } from '../options/settings.js';
import { lookInto, type LookOptions } from './look-into.js';
import { resultOf, type VerifiedPod, type VerifiedWorkload, type VerifyReport } from './report.js';
import { targetOf, targetsIn, type Target, type TargetOptions } from './targets.js';
import { verifyPod } from './verify-pod.js';

// No registry is asked, but opening the images requires these settings.
const lookups = commandSettings({ 'Look-up:': lookupSettingKeys });

/** More namespaces than this are listed with one request for the whole cluster. */
const mostLists = 20;
/** How many workloads are looked into at once. Each exec is a connection through the API server and the kubelet. */
const atOnce = 4;

/** The request. */
type Asked =
  | { readonly objects: readonly NamedWorkload[]; readonly namespace: string }
  | {
      readonly objects: undefined;
      readonly namespace: string | undefined;
      readonly policy: string | undefined;
      readonly selector: string | undefined;
    };

/** What verifies the pods of one call. */
interface CallContext {
  readonly cluster: OpenCluster;
  readonly engine: LiveEngine;
  /** Only pods of this policy. */
  readonly policy: string | undefined;
  readonly tracers: readonly string[];
  readonly options: LookOptions;
}

/**
 * Verifies pods of a cluster, with the rights of the person who asks.
 *
 * @throws OutriderError, or an AggregateError of them
 */
export async function verifyLive(
  invocation: Invocation,
  settings: InstallationSettings,
  open: ClusterOpener,
): Promise<VerifyReport> {
  const { flags } = invocation;
  const timeoutMs = timeoutOf(invocation);
  const most = countOf(flags['pods'], '--pods', 20);
  const maxWorkloads = countOf(flags['max'], '--max', 10_000);
  const asksFor = askedIn(invocation);
  const cluster = await open(clusterChoice(invocation));
  try {
    const asked = asksFor(cluster.namespace);
    const labels = await readNamespaces(cluster.client, asked.namespace);
    const first = asked.namespace ?? labels.keys().next().value ?? 'default';
    const all = { ...settings, ...lookups.read(invocation) };
    const opened = await openLiveEngine(
      invocation,
      all,
      cluster,
      { name: first, labels: labels.get(first) ?? {} },
      true,
      false,
    );
    try {
      const engine = engineFor(opened, labels);
      const { facts } = engine.engine;
      const image = textOf(flags['image']) ?? rewriteImage(facts.toolsImage, facts.imageRewrites);
      const context: CallContext = {
        cluster,
        engine,
        policy: asked.objects === undefined ? asked.policy : undefined,
        tracers: textsOf(flags['tracer']),
        options: {
          timeoutMs,
          debugContainer: flags['debugContainer'] === true,
          image,
          user: facts.openShift ? undefined : facts.agentUser,
          suffix: () => randomBytes(4).toString('hex'),
          timing: { clock: systemClock, sleep: (ms) => delay(ms) },
          forbidden: new Map(),
        },
      };
      const targets = await targetsFor(asked, context, labels, { most, timeoutMs });
      const looked = targets.slice(0, maxWorkloads);
      const workloads = (await inTurns(looked, (target) => verifyTarget(target, context))).flatMap(
        (each) => each ?? [],
      );
      return {
        server: cluster.client.server,
        result: resultOf(workloads.flatMap(({ pods }) => pods)),
        workloads,
        leftOut: targets.length - looked.length,
      };
    } finally {
      await opened.images.close();
    }
  } finally {
    await cluster.client.close();
  }
}

/** Reads the request. The context's namespace is only known later. @throws OutriderError `usage` */
function askedIn({ args: words, flags }: Invocation): (contextNamespace: string) => Asked {
  const { args, namespace = textOf(flags['namespace']) } = namespaceIn(words, textOf(flags['namespace']));
  const policy = textOf(flags['policy']);
  const selector = textOf(flags['selector']);
  if (selector !== undefined && (args.length > 0 || policy !== undefined)) {
    throw new OutriderError('usage', '-l is for the pods of a namespace; leave objects and --policy out.');
  }
  if (args.length > 0) {
    if (policy !== undefined) {
      const message = `${args.join(' ')} and --policy are two questions; give objects, or a policy.`;
      throw new OutriderError('usage', message);
    }
    const objects = namedWorkloads(args);
    return (contextNamespace) => ({ objects, namespace: namespace ?? contextNamespace });
  }
  if (selector !== undefined) {
    return (contextNamespace) => ({ objects: undefined, namespace: namespace ?? contextNamespace, policy, selector });
  }
  if (namespace === undefined && policy === undefined) {
    const message = 'there is nothing to look at; give an object such as deploy/web, -n NAMESPACE, or --policy NAME.';
    throw new OutriderError('usage', message);
  }
  return () => ({ objects: undefined, namespace, policy, selector });
}

/** The engine for pods of any of the namespaces. It makes no look-ups and does not look at access keys. */
function engineFor(opened: LiveEngine, labels: ReadonlyMap<string, StringMap>): LiveEngine {
  return {
    ...opened,
    engine: { ...opened.engine, secretState: () => 'unknown' },
    images: { ...opened.images, lookUp: undefined },
    namespaces: {
      of: ({ namespace }) => namespace ?? '',
      labels: (namespace) => labels.get(namespace) ?? {},
    },
  };
}

async function targetsFor(
  asked: Asked,
  { cluster, engine }: CallContext,
  labels: ReadonlyMap<string, StringMap>,
  options: TargetOptions,
): Promise<readonly Target[]> {
  const { client } = cluster;
  if (asked.objects !== undefined) {
    return Promise.all(asked.objects.map((named) => targetOf(cluster, named, asked.namespace, options)));
  }
  const { namespace, policy, selector } = asked;
  const { rules, excludedNamespaces } = engine.engine;
  const { timeoutMs, most } = options;
  if (policy === undefined) {
    return targetsIn(
      await listRunningPods(client, {
        ...(namespace === undefined ? {} : { namespace }),
        ...(selector === undefined ? {} : { labelSelector: selector }),
        timeoutMs,
      }),
      most,
    );
  }
  if (!rules.policyNames.includes(policy)) {
    const close = nearest(policy, rules.policyNames);
    const hint = close === undefined ? '' : ` Did you mean ${close}?`;
    throw new OutriderError('object_missing', `there is no policy ${policy} (${client.server}).${hint}`);
  }
  const matched = matchNamespaces(rules, labels, excludedNamespaces).namespaces.filter(({ policies }) =>
    policies.some((there) => there.policy.name === policy),
  );
  const names = new Set(matched.map(({ name }) => name));
  const lists =
    names.size > mostLists
      ? [await listRunningPods(client, { timeoutMs })]
      : await Promise.all([...names].map((name) => listRunningPods(client, { namespace: name, timeoutMs })));
  const isOfPolicy = (metadata: JsonObject): boolean => {
    const where = stringOf(metadata['namespace']) ?? '';
    if (!names.has(where)) return false;
    const podLabels = stringMembersOf(metadata['labels']);
    const subject = { namespace: where, namespaceLabels: labels.get(where) ?? {}, podLabels };
    return screen(rules.policies, subject, excludedNamespaces, false).policy?.name === policy;
  };
  return targetsIn(lists.flat().filter(isOfPolicy), most);
}

/** @returns `undefined` for a workload whose pods are all gone or belong to another policy */
async function verifyTarget(target: Target, context: CallContext): Promise<VerifiedWorkload | undefined> {
  const pods: VerifiedPod[] = [];
  for (const name of target.pods) {
    const verified = await verifyOne(target.namespace, name, context);
    if (verified !== undefined) pods.push(verified);
  }
  if (pods.length === 0 && target.pods.length > 0) return undefined;
  const { namespace, workload, running } = target;
  return { namespace, workload, result: resultOf(pods), running, pods };
}

async function verifyOne(
  namespace: string,
  name: string,
  { cluster, engine, policy, tracers, options }: CallContext,
): Promise<VerifiedPod | undefined> {
  const { timeoutMs } = options;
  const again = (): Promise<JsonObject | undefined> => readPodNow(cluster.client, { namespace, name, timeoutMs });
  const pod = await again();
  if (pod === undefined) return undefined;
  const template = { path: '', kind: 'Pod', name, namespace, pod };
  const { outcome } = await decideTemplate(template, engine, { trace: true, admitted: true });
  if (policy !== undefined && outcome.decision.policy !== policy) return undefined;
  return verifyPod(pod, outcome, tracers, {
    look: (expected, isRunning) => lookInto(cluster, { namespace, name }, expected, isRunning, options),
    again,
  });
}

/** Maps each item, a few at once. The results are in the items' order. */
async function inTurns<Item, Made>(
  items: readonly Item[],
  make: (item: Item) => Promise<Made>,
): Promise<readonly (Made | undefined)[]> {
  const made: (Made | undefined)[] = [];
  const waiting = items.entries();
  const work = async (): Promise<void> => {
    for (const [index, item] of waiting) made[index] = await make(item);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return made;
}

function countOf(value: unknown, flag: string, most: number): number {
  const text = textOf(value) ?? '';
  const count = Number(text);
  if (/^\d{1,5}$/.test(text) && count >= 1 && count <= most) return count;
  throw new OutriderError('usage', `${flag} is ${JSON.stringify(text)}; give a number from 1 to ${most}.`);
}
