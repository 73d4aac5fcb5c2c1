import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { readStandstill, type Standstill } from '../../cluster/live/read-standstill.js';
import { readWay } from '../../cluster/live/read-way.js';
import { readRunningPods } from '../../cluster/live/read-running-pods.js';
import { readNamespaceLabels, readWorkload } from '../../cluster/live/read-workload.js';
import { namedWorkloads, namespaceIn } from '../../cluster/live/workload-kinds.js';
import { listWorkloads } from '../../cluster/rollout/list-workloads.js';
import { findPodTemplates, type PodTemplate } from '../../documents/manifest/templates.js';
import { canaryWorkload } from '../../engine/canary.js';
import { OutriderError } from '../../model/error.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { StringMap } from '../../model/selector.js';
import { takenBackKey } from '../../model/taken-back.js';
import { clusterChoice, type ClusterOpener } from '../options/cluster.js';
import { type Invocation, textOf } from '../command.js';
import type { ExplainedStep, Explanation, LiveState } from './explanation.js';
import { podExplanationOf } from './pod.js';
import { decideTemplate, type InstrumentedPod } from '../offline/instrument-templates.js';
import { givesPolicies, openLiveEngine, type LiveEngine } from '../live/engine.js';
import type { LiveSettings } from '../live/ground.js';
import { lookAtRecords, unlessForbidden, type PartialLook } from '../live/records.js';
import { liveSteps } from './live-steps.js';
import { takenBackState, takenBackStep } from './taken-back.js';
import { labelsOption } from '../options/namespaces.js';
import { inOrder } from '../files/in-order.js';
import { podStateOf, podSteps } from './pod-state.js';

/** What explains the objects of one call. */
interface CallContext {
  readonly cluster: OpenCluster;
  readonly engine: LiveEngine;
  readonly labels: StringMap;
  readonly standstill: Standstill | undefined;
  readonly programName: string;
}

/** The explanations of objects in a cluster. */
export interface LiveExplanations {
  readonly explanations: readonly Explanation[];
  /** If the policies cannot be read: what running pods carry, and why there is no more. */
  readonly partial?: PartialLook;
}

/**
 * Explains objects of a cluster. Everything is read with GET, with the rights of the person who asks.
 *
 * @throws OutriderError, or an AggregateError of them
 */
export async function explainLive(
  invocation: Invocation,
  settings: LiveSettings,
  open: ClusterOpener,
): Promise<LiveExplanations> {
  const { args, namespace: given } = namespaceIn(invocation.args, textOf(invocation.flags['namespace']));
  const selector = textOf(invocation.flags['selector']);
  if (selector !== undefined && args.length > 0) {
    throw new OutriderError('usage', `${args.join(' ')} and -l are two ways to ask; give one.`);
  }
  const named = namedWorkloads(args);
  const ownPolicies = !givesPolicies(invocation);
  const cluster = await open(clusterChoice(invocation));
  try {
    const { client } = cluster;
    const name = given ?? cluster.namespace;
    const [objects, labels, standstill] = await Promise.all([
      named.length === 0
        ? workloadsIn(client, name, selector, invocation.io)
        : Promise.all(named.map((workload) => readWorkload(client, workload, name))),
      labelsOf(invocation, cluster, name),
      readStandstill(client, settings, cluster.clock),
    ]);
    const engine = await openLiveEngine(invocation, settings, cluster, { name, labels }, ownPolicies).catch(
      unlessForbidden,
    );
    if (engine instanceof OutriderError) {
      const wanted = objects.map(({ kind, metadata }) => ({
        kind: stringOf(kind) ?? '',
        name: stringOf(objectOf(metadata)?.['name']) ?? '',
      }));
      return { explanations: [], partial: await lookAtRecords(client, engine, name, wanted) };
    }
    const context = { cluster, engine, labels, standstill, programName: invocation.io.programName };
    try {
      const explained: Explanation[] = [];
      const all = objects.flatMap((object) => templatesOf(object).map((template) => ({ object, template })));
      const explain = (one: (typeof all)[number]) => explainOne(one.object, one.template, context);
      for await (const explanation of inOrder(all, atOnce, explain)) explained.push(explanation);
      return { explanations: explained };
    } finally {
      await engine.images.close();
    }
  } finally {
    await cluster.client.close();
  }
}

/** How many are explained at once. Registries are what takes time. */
const atOnce = 8;
/** The most workloads of a namespace that are explained; nobody would read more. */
const mostWorkloads = 100;

/** The workloads of a namespace, only those with these labels if any are given. @throws OutriderError */
async function workloadsIn(
  client: OpenCluster['client'],
  namespace: string,
  selector: string | undefined,
  { stderr }: Invocation['io'],
): Promise<readonly JsonObject[]> {
  const { found } = await listWorkloads(client, namespace, selector);
  if (found.length === 0) {
    const which = selector === undefined ? '' : ` with ${selector}`;
    const message = `there is no Deployment, StatefulSet, DaemonSet or Rollout${which} in namespace ${namespace} (${client.server}).`;
    throw new OutriderError('object_missing', message);
  }
  if (found.length > mostWorkloads) {
    stderr.write(`outrider: note: the first ${mostWorkloads} of ${found.length} workloads are explained\n`);
  }
  return found.slice(0, mostWorkloads).map(({ object }) => object);
}

/**
 * The namespace's labels; those of the command line win. A person who gives labels need not be able to read the namespace.
 */
async function labelsOf(invocation: Invocation, { client }: OpenCluster, namespace: string): Promise<StringMap> {
  const given = labelsOption(invocation);
  try {
    return { ...(await readNamespaceLabels(client, namespace)), ...given };
  } catch (error) {
    const refused = error instanceof OutriderError && error.code === 'cluster_unavailable';
    if (refused && Object.keys(given).length > 0) return given;
    throw error;
  }
}

function templatesOf(object: JsonObject): readonly PodTemplate[] {
  const templates = findPodTemplates(object);
  if (!('message' in templates)) return templates;
  throw new OutriderError('internal', `the API server gives ${templates.path} that ${templates.message}.`);
}

async function explainOne(object: JsonObject, template: PodTemplate, context: CallContext): Promise<Explanation> {
  const { cluster, engine, labels } = context;
  const { client } = cluster;
  const namespace = engine.namespaces.of(template);
  // A pod in a cluster has its ServiceAccount's pull secrets already, and a pod of a template will have them.
  const edit = await decideTemplate(template, engine, { trace: true, admitted: true });
  const explanation = podExplanationOf(edit, { file: client.server, document: 1, line: 1 }, engine.engine, labels);
  const key = engine.keyOf(edit.outcome.decision.policy, edit.outcome.rule);
  const isPod = template.kind === 'Pod';
  const pod = isPod ? podStateOf(object, edit.outcome) : undefined;
  const pods = isPod ? undefined : await countPods(object, namespace, edit, context);
  const way = isPod ? undefined : await wayOfNew(edit, namespace, context);
  const { version, nodes } = engine.report;
  const { nativeSidecars, imageVolumes, openShift } = engine.engine.facts;
  const workload = canaryWorkload(metadataOf(object, template), { kind: template.kind, name: template.name ?? '' });
  const entry = engine.takenBack.get(takenBackKey({ namespace, ...workload }));
  const live: LiveState = {
    server: client.server,
    cluster: {
      ...(version === undefined ? {} : { version }),
      ...(nodes === undefined ? {} : { nodes }),
      nativeSidecars,
      imageVolumes,
      openShift,
    },
    ...(key === undefined ? {} : { secret: key }),
    ...(pod === undefined ? {} : { pod }),
    ...(way === undefined ? {} : { way }),
    ...(pods === undefined ? {} : { pods }),
    ...(entry === undefined ? {} : { takenBack: takenBackState(entry) }),
  };
  const steps: readonly ExplainedStep[] = [
    ...(pod === undefined ? [] : podSteps(object, pod)),
    ...liveSteps(live, {
      explanation,
      standstill: engine.ownPolicies ? context.standstill : undefined,
      unread: engine.unread,
      programName: context.programName,
    }),
    ...(entry === undefined ? [] : [takenBackStep(entry, cluster.clock.wallMs(), context.programName)]),
  ];
  return { ...explanation, steps: [...steps, ...explanation.steps], live };
}

/** What names a pod’s workload: of a pod its own metadata, of a template the template’s. */
function metadataOf(object: JsonObject, template: PodTemplate): JsonObject {
  return objectOf(template.kind === 'Pod' ? object['metadata'] : template.pod['metadata']) ?? {};
}

/** Which way a new pod of a template would be instrumented. With policies of one's own nobody can tell. */
async function wayOfNew(
  { template, outcome }: InstrumentedPod,
  namespace: string,
  { cluster, engine, labels }: CallContext,
): Promise<LiveState['way']> {
  const { decision, policy } = outcome.decision;
  if (!engine.ownPolicies || policy === undefined || (decision !== 'inject' && decision !== 'partial'))
    return undefined;
  const way = await readWay(cluster.client, { policy, namespace, namespaceLabels: labels, pod: template.pod });
  if (way === undefined || !('unread' in way)) return way;
  return {
    by: 'unknown',
    detail: `the API server or the webhook: ${way.unread} may not be read, so nobody can tell`,
  };
}

/** How many of a workload's pods have every part that a new one would get. No registry is asked. */
async function countPods(
  workload: JsonObject,
  namespace: string,
  { outcome }: InstrumentedPod,
  { cluster, engine }: CallContext,
): Promise<LiveState['pods']> {
  if (outcome.plan === undefined) return undefined;
  const pods = await readRunningPods(cluster.client, workload, namespace);
  if (pods === undefined) return undefined;
  const quiet = { ...engine, images: { ...engine.images, lookUp: undefined } };
  let instrumented = 0;
  for (const pod of pods) {
    const template = { path: '', kind: 'Pod', name: undefined, namespace, pod };
    const decided = await decideTemplate(template, quiet, { trace: false, admitted: true });
    if (podStateOf(pod, decided.outcome).instrumented === true) instrumented += 1;
  }
  return { seen: pods.length, instrumented };
}
