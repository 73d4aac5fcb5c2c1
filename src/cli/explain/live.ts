import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { readStandstill, type Standstill } from '../../cluster/live/read-standstill.js';
import { readRunningPods } from '../../cluster/live/read-running-pods.js';
import { readNamespaceLabels, readWorkload } from '../../cluster/live/read-workload.js';
import { namedWorkloads } from '../../cluster/live/workload-kinds.js';
import { findPodTemplates, type PodTemplate } from '../../documents/manifest/templates.js';
import { OutriderError } from '../../model/error.js';
import type { JsonObject } from '../../model/json.js';
import type { StringMap } from '../../model/selector.js';
import { clusterChoice, type ClusterOpener } from '../options/cluster.js';
import { type Invocation, textOf } from '../command.js';
import type { ExplainedStep, Explanation, LiveState } from './explanation.js';
import { podExplanationOf } from './pod.js';
import { decideTemplate, type InstrumentedPod } from '../offline/instrument-templates.js';
import { givesPolicies, openLiveEngine, type LiveEngine, type LiveSettings } from '../live/engine.js';
import { liveSteps } from './live-steps.js';
import { labelsOption } from '../options/namespaces.js';
import { podStateOf, podSteps } from './pod-state.js';

/** What the objects of one call are explained with. */
interface CallContext {
  readonly cluster: OpenCluster;
  readonly engine: LiveEngine;
  readonly labels: StringMap;
  readonly standstill: Standstill | undefined;
  readonly programName: string;
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
): Promise<readonly Explanation[]> {
  const named = namedWorkloads(invocation.args);
  const ownPolicies = !givesPolicies(invocation);
  const cluster = await open(clusterChoice(invocation));
  try {
    const { client } = cluster;
    const name = textOf(invocation.flags['namespace']) ?? cluster.namespace;
    const [objects, labels, standstill] = await Promise.all([
      Promise.all(named.map((workload) => readWorkload(client, workload, name))),
      labelsOf(invocation, cluster, name),
      readStandstill(client, settings, cluster.clock),
    ]);
    const engine = await openLiveEngine(invocation, settings, cluster, { name, labels }, ownPolicies);
    const context = { cluster, engine, labels, standstill, programName: invocation.io.programName };
    try {
      const explained: Explanation[] = [];
      for (const object of objects) {
        for (const template of templatesOf(object)) explained.push(await explainOne(object, template, context));
      }
      return explained;
    } finally {
      await engine.images.close();
    }
  } finally {
    await cluster.client.close();
  }
}

/**
 * The namespace's labels, with those of the command line over them: a person who gives some need not be able to read
 * them.
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
  // A pod of a cluster has its ServiceAccount's pull secrets, and one of a template will have them.
  const edit = await decideTemplate(template, engine, { trace: true, admitted: true });
  const explanation = podExplanationOf(edit, { file: client.server, document: 1, line: 1 }, engine.engine, labels);
  const key = engine.keyOf(edit.outcome.decision.policy);
  const isPod = template.kind === 'Pod';
  const pod = isPod ? podStateOf(object, edit.outcome) : undefined;
  const pods = isPod ? undefined : await countPods(object, namespace, edit, context);
  const { version, nodes } = engine.report;
  const { nativeSidecars, imageVolumes, openShift } = engine.engine.facts;
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
    ...(pods === undefined ? {} : { pods }),
  };
  const steps: readonly ExplainedStep[] = [
    ...(pod === undefined ? [] : podSteps(object, pod)),
    ...liveSteps(live, {
      explanation,
      standstill: engine.ownPolicies ? context.standstill : undefined,
      programName: context.programName,
    }),
  ];
  return { ...explanation, steps: [...steps, ...explanation.steps], live };
}

/** How many of a workload's pods have every part that a new one would get. No registry is asked for them. */
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
