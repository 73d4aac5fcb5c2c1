import { setTimeout } from 'node:timers/promises';
import { apiServerObjectsOf, type ApiServerObjects } from '../../../src/engine/api-server/objects.js';
import { imageArgvOf } from '../../../src/engine/api-server/images.js';
import { planParametersOf } from '../../../src/engine/api-server/parameters.js';
import type { Engine } from '../../../src/engine/engine.js';
import { instrument } from '../../../src/engine/instrument.js';
import type { Outcome } from '../../../src/engine/outcome.js';
import type { Door } from '../../../src/model/decision.js';
import type { ImageArgv, PlanParameters } from '../../../src/model/instrumentation-plan.js';
import { asJson, listOf, objectOf, parsedJson, stringOf, type JsonObject } from '../../../src/model/json.js';
import { apiVersion, names } from '../../../src/model/names.js';
import type { NotClaimable } from '../../../src/model/not-claimable.js';
import type { StringMap } from '../../../src/model/selector.js';
import type { ApiServer } from './api-server.js';

/** One policy in one namespace, as the API server gets it. */
export interface Scene {
  /** The namespace with the API server's policies; the objects are named after it. */
  readonly namespace: string;
  readonly namespaceLabels: StringMap;
  readonly policyName: string;
  readonly engine: Engine;
  /** References that pods of it have. */
  readonly references: readonly string[];
}

/** The objects of a scene, or why it has none. */
export function objectsOf(
  { namespace, policyName, engine, ...scene }: Scene,
  before?: PlanParameters,
):
  | NotClaimable
  | { readonly objects: Exclude<ApiServerObjects, { claimable: false }>; readonly parameters: JsonObject } {
  const objects = apiServerObjectsOf({
    policyName,
    engine,
    name: `outrider-${namespace}`,
    labels: { 'app.kubernetes.io/name': 'outrider' },
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    objectSelector: {},
  });
  if (!objects.claimable) return objects.why;
  const inputs = { policyName, engine, namespace, namespaceLabels: scene.namespaceLabels, before };
  const bare = planParametersOf({ ...inputs, images: {} });
  if ('reason' in bare) return bare;
  const [plan] = bare.plans;
  if (plan === undefined) throw new Error('no plan');
  const images: Record<string, ImageArgv> = {};
  for (const reference of scene.references) {
    const outcome = engine.images.known({ reference, namespace, pod: {} });
    const argv = outcome?.ok === true ? imageArgvOf(outcome.config, plan.terms) : undefined;
    if (argv !== undefined) images[reference] = argv;
  }
  const parameters = { ...bare, images };
  return {
    objects,
    parameters: {
      apiVersion,
      kind: 'InstrumentationPlan',
      metadata: { name: policyName, namespace },
      spec: asJson(parameters),
    },
  };
}

/** The kind of the parameters, without a schema. */
export const parameterKind: JsonObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'instrumentationplans.outrider.dev' },
  spec: {
    group: 'outrider.dev',
    scope: 'Namespaced',
    names: { kind: 'InstrumentationPlan', plural: 'instrumentationplans', singular: 'instrumentationplan' },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

/** Creates objects. @throws with what kubectl said */
export async function createAll(api: ApiServer, items: readonly JsonObject[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const { exitCode, stderr } = await api.kubectl(['create', '--validate=false', '-f', '-'], list);
  if (exitCode !== 0) throw new Error(stderr);
}

/**
 * Makes the namespaces of scenes, each once more with `-off` behind its name and without anything of ours, and the API
 * server's policies with their parameters.
 *
 * @returns why scenes have none, by namespace
 */
export async function installScenes(api: ApiServer, scenes: readonly Scene[]): Promise<ReadonlyMap<string, string>> {
  await createAll(api, [parameterKind]);
  await createAll(
    api,
    scenes.flatMap(({ namespace, namespaceLabels }) =>
      [namespace, `${namespace}-off`].flatMap((place) => [
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: place, labels: { ...namespaceLabels } } },
        { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: place } },
      ]),
    ),
  );
  const unclaimed = new Map<string, string>();
  const parameters: JsonObject[] = [];
  const policies: JsonObject[] = [];
  for (const scene of scenes) {
    const made = objectsOf(scene);
    if ('reason' in made) {
      unclaimed.set(scene.namespace, `${made.reason}: ${made.detail}`);
      continue;
    }
    parameters.push(made.parameters);
    const { mutating, mutatingBinding, validating, validatingBinding } = made.objects;
    policies.push(...[validating, validatingBinding, mutating, mutatingBinding].filter((one) => one !== undefined));
  }
  await settled('the kind', async () => (await api.kubectl(['get', 'instrumentationplans', '-A'])).exitCode === 0);
  await createAll(api, parameters);
  await createAll(api, policies);
  return unclaimed;
}

/** Decides on a pod as a door does, without look-ups. */
export function decided(pod: JsonObject, scene: Scene, door: Door): Outcome {
  const { namespace, namespaceLabels, engine } = scene;
  const labels = { ...namespaceLabels, 'kubernetes.io/metadata.name': namespace };
  const request = { pod, namespace, namespaceLabels: labels, door, admitted: true, trace: false };
  const outcome = instrument(request, engine);
  if (outcome instanceof Promise) throw new Error('this waits for something');
  return outcome;
}

/** Whether a pod says that the API server instrumented it. */
export function isByApiServer(pod: JsonObject): boolean {
  return objectOf(objectOf(pod['metadata'])?.['labels'])?.[names.by] !== undefined;
}

/** A pod without what differs from one answer to the next, in one order of keys; the token's volume has one name. */
export function comparable(pod: JsonObject): JsonObject {
  const metadata = objectOf(pod['metadata']) ?? {};
  const dropped = new Set([
    'name',
    'namespace',
    'uid',
    'creationTimestamp',
    'managedFields',
    'resourceVersion',
    'generation',
  ]);
  const kept = Object.fromEntries(Object.entries(metadata).filter(([field]) => !dropped.has(field)));
  const labels = Object.fromEntries(
    Object.entries(objectOf(metadata['labels']) ?? {}).filter(([name]) => name !== names.by),
  );
  const whole = { ...pod, metadata: { ...kept, labels }, status: null };
  const text = JSON.stringify(whole).replaceAll(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access');
  return sorted(parsedJson(text));
}

function sorted(value: unknown): JsonObject {
  const text = JSON.stringify(value, (_key, inner: unknown) => {
    const object = objectOf(inner);
    return object === undefined
      ? inner
      : Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
  return objectOf(parsedJson(text)) ?? {};
}

/** References of all containers of a pod. */
export function referencesIn(pod: JsonObject): readonly string[] {
  const spec = objectOf(pod['spec']);
  return [...listOf(spec?.['containers']), ...listOf(spec?.['initContainers'])].flatMap(
    (one) => stringOf(objectOf(one)?.['image']) ?? [],
  );
}

/** Waits until something holds: objects of the API server's policies work a moment after they are written. */
export async function settled(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await holds()) return;
    await setTimeout(200);
  }
  throw new Error(`${what} did not come`);
}
