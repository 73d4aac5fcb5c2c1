import type { Reviewed } from '../../src/admission/door-options.js';
import { createDebugDoor, type DebugDoorOptions } from '../../src/admission/debug-review.js';
import { decideDebug, type DebugOutcome, type DebugRequest } from '../../src/engine/session/debug.js';
import type { Engine } from '../../src/engine/engine.js';
import type { Door } from '../../src/model/decision.js';
import { listOf, objectOf, type JsonObject } from '../../src/model/json.js';
import type { SessionRecord } from '../../src/model/session-record.js';
import { decideNow, readAnswer } from './engine.js';
import { patched } from './json.js';
import { podWith } from './pods.js';

/** A running pod of a policy: a container with a command, instrumented as the engine's policy wants it. */
export function runningPod(engine: Engine, pod: JsonObject = podWith({ command: ['/app'] })): JsonObject {
  return patched(pod, decideNow(pod, engine).patch);
}

/** The pod with further ephemeral containers. */
export function debugged(pod: JsonObject, ...containers: readonly JsonObject[]): JsonObject {
  const spec = objectOf(pod['spec']) ?? {};
  return { ...pod, spec: { ...spec, ephemeralContainers: [...listOf(spec['ephemeralContainers']), ...containers] } };
}

/** A debug container as `kubectl debug` makes it without a profile. */
export function debuggerOf(container: JsonObject = {}): JsonObject {
  return { name: 'debugger-x7f2k', image: 'tools:1', stdin: true, tty: true, ...container };
}

/** Decides at one door; fails when anything would have to be looked up. */
export function debugNow(
  pod: JsonObject,
  updated: JsonObject,
  engine: Engine,
  door: Door,
  about: Partial<DebugRequest> = {},
): DebugOutcome {
  const outcome = debugAt(pod, updated, engine, door, about);
  if (outcome instanceof Promise) throw new Error('this asks a registry');
  return outcome;
}

/** Decides at one door. */
export function debugAt(
  pod: JsonObject,
  updated: JsonObject,
  engine: Engine,
  door: Door,
  about: Partial<DebugRequest> = {},
): DebugOutcome | Promise<DebugOutcome> {
  const user = { username: 'dev', groups: ['developers'] };
  const place = { kind: 'debug', namespace: 'shop', namespaceLabels: {}, door, user } as const;
  return decideDebug({ ...place, pod, updated, ...about }, engine);
}

/** What both doors make of new debug containers: the pod after the first, and what the second says. */
export function throughDoors(
  before: JsonObject,
  added: readonly JsonObject[],
  engine: Engine,
  about: Partial<DebugRequest> = {},
): { readonly mutated: DebugOutcome; readonly pod: JsonObject; readonly validated: DebugOutcome } {
  const asked = debugged(before, ...added);
  const mutated = debugNow(before, asked, engine, 'mutate', about);
  const pod = patched(asked, mutated.patch);
  return { mutated, pod, validated: debugNow(before, pod, engine, 'validate', about) };
}

/** A review of an update that adds debug containers, as the API server posts it: with both pods. */
export function debugReview(pod: JsonObject, updated: JsonObject, request: JsonObject = {}): JsonObject {
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  const resource = { group: '', version: 'v1', resource: 'pods' };
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800003',
      kind,
      resource,
      subResource: 'ephemeralcontainers',
      requestKind: kind,
      requestResource: resource,
      requestSubResource: 'ephemeralcontainers',
      name: 'web',
      namespace: 'shop',
      operation: 'UPDATE',
      userInfo: { username: 'jo@example.com', groups: ['developers', 'system:authenticated'] },
      object: updated,
      oldObject: pod,
      dryRun: false,
      options: { kind: 'PatchOptions', apiVersion: 'meta.k8s.io/v1' },
      ...request,
    },
  };
}

/** What a door for debug containers answered, told and wrote down. */
export interface DebugAnswer extends ReturnType<typeof readAnswer> {
  readonly reviewed: readonly Reviewed[];
  readonly records: readonly SessionRecord[];
  readonly failures: readonly unknown[];
}

/** Sends a review through a door for debug containers. */
export async function askDebugDoor(
  door: Door,
  body: JsonObject | Buffer,
  setup: Partial<DebugDoorOptions> & { readonly engine: () => Engine; readonly signal?: AbortSignal },
): Promise<DebugAnswer> {
  const [reviewed, records, failures]: [Reviewed[], SessionRecord[], unknown[]] = [[], [], []];
  const { signal = new AbortController().signal, ...given } = setup;
  const handler = createDebugDoor(door, {
    namespaceLabels: () => ({}),
    onReviewed: (one) => void reviewed.push(one),
    onSession: (one) => void records.push(one),
    onFailure: (error) => void failures.push(error),
    ...given,
  });
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  const text = await handler(bytes, { signal, traceparent: undefined });
  return { ...readAnswer(text), reviewed, records, failures };
}
