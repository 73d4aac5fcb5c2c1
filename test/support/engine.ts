import type { DoorOptions, Reviewed } from '../../src/admission/door-options.js';
import { createDoor } from '../../src/admission/handler.js';
import { parseConfiguration } from '../../src/documents/configuration/configuration.js';
import { configure } from '../../src/engine/configure.js';
import type { Credentials, Engine, SecretState } from '../../src/engine/engine.js';
import type { PodRequest } from '../../src/engine/engine.js';
import type { KnownLimits } from '../../src/engine/known-limits.js';
import { instrument } from '../../src/engine/instrument.js';
import type { Outcome } from '../../src/engine/outcome.js';
import type { TakenBack } from '../../src/model/taken-back.js';
import type { Door } from '../../src/model/decision.js';
import type { ImageConfig, ImageOutcome, ImageResolver } from '../../src/model/image.js';
import { isArray, isObject, stringsOf, type JsonObject } from '../../src/model/json.js';
import type { Operation } from '../../src/model/patch.js';
import type { ClusterFacts, PodNodes } from '../../src/model/recipe.js';
import type { StringMap } from '../../src/model/selector.js';

/**
 * A cluster of today without anything special: native sidecars, no Pod Security by default, nothing known about nodes.
 */
export const plainFacts: ClusterFacts = {
  nativeSidecars: true,
  imageVolumes: false,
  podSecurityDefault: 'privileged',
  openShift: false,
  sandboxedRuntimeClasses: ['gvisor', 'runsc*', 'kata*'],
  toolsImage: 'ghcr.io/outrider/outrider:0.1.0',
  agentUser: 59_417,
  imageRewrites: [],
  ownPartsMayDiffer: [],
  maxContainers: 500,
};

/** Nodes that all mount image volumes rightly, or none of them. */
export function podNodes(imageVolumes: boolean): PodNodes {
  return {
    imageVolumes: () => ({ holds: imageVolumes, because: imageVolumes ? 'they all do' : 'one does not' }),
    isSameForAll: () => true,
  };
}

/** What a registry would answer, by reference; `lookUp` alone knows what is marked `asked`. */
export interface FakeImages {
  readonly [reference: string]: ImageConfig | ImageOutcome;
}

export interface EngineOptions {
  readonly facts?: Partial<ClusterFacts>;
  /** What is known without asking a registry. */
  readonly known?: FakeImages;
  /** What only a registry says. */
  readonly asked?: FakeImages;
  readonly excludedNamespaces?: readonly string[];
  readonly secretState?: (namespace: string, name: string, key: string, mirrorOf?: string) => SecretState;
  readonly credentials?: Credentials;
  readonly limits?: KnownLimits;
  readonly takenBack?: TakenBack;
  /** What decides about the delivery where the policy leaves it open. */
  readonly nodes?: PodNodes;
  /** Expect the configuration to have problems. */
  readonly broken?: boolean;
  /** Name of the installation. */
  readonly instance?: string;
}

/** Makes an engine from the text of configuration documents, as a server or an offline command does. */
export function engineOf(yaml: string, options: EngineOptions = {}): Engine {
  const parsed = parseConfiguration([{ name: 'policy.yaml', text: yaml }]);
  const { rules, problems } = configure(
    parsed,
    [],
    options.instance === undefined ? {} : { instance: options.instance },
  );
  if (problems.length > 0 && options.broken !== true) throw problems[0] ?? new Error('a problem');
  const map = Object.fromEntries(parsed.configuration.images);
  return {
    rules,
    // Where a policy asks for image volumes, the cluster has them unless a test says otherwise.
    facts: { ...plainFacts, imageVolumes: /"?delivery"?: *"?ImageVolume/.test(yaml), ...options.facts },
    images: resolverOf({ ...map, ...options.known }, { ...options.asked }),
    excludedNamespaces: new Set(options.excludedNamespaces ?? ['kube-system']),
    secretState: options.secretState ?? (() => 'unknown'),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.takenBack === undefined ? {} : { takenBack: options.takenBack }),
    ...(options.nodes === undefined ? {} : { nodes: options.nodes }),
  };
}

/** A policy document as YAML: JSON is YAML too. */
export function policyText(name: string, spec: JsonObject): string {
  const document = { apiVersion: 'outrider.dev/v1alpha1', kind: 'InstrumentationPolicy', metadata: { name }, spec };
  return `---\n${JSON.stringify(document)}\n`;
}

const sysdigProfile = { name: 'sysdig', settings: { region: 'us2' } };

/** An engine with one policy for everything: the sysdig profile, unless the spec says otherwise. */
export function engineFor(spec: JsonObject = {}, options: EngineOptions = {}): Engine {
  return engineOf(policyText('default', { profile: sysdigProfile, ...spec }), options);
}

/** A resolver that answers from tables; what is in neither is unreachable. */
export function resolverOf(known: FakeImages, asked: FakeImages = {}): ImageResolver {
  const find = (table: FakeImages, reference: string, source: 'map' | 'registry'): ImageOutcome | undefined => {
    const entry = Object.hasOwn(table, reference) ? table[reference] : undefined;
    if (entry === undefined) return undefined;
    return 'ok' in entry ? entry : { ok: true, config: entry, source };
  };
  return {
    known: ({ reference }) => find(known, reference, 'map'),
    lookUp: ({ reference }, signal) =>
      Promise.resolve(
        signal.aborted
          ? { ok: false, reason: 'lookup_timeout', detail: `${reference}: no answer in the time there was` }
          : (find(asked, reference, 'registry') ?? {
              ok: false,
              reason: 'registry_unreachable',
              detail: `${reference}: no answer`,
            }),
      ),
  };
}

/** Decides on a pod; fails when anything would have to be looked up. */
export function decideNow(
  pod: JsonObject,
  engine: Engine,
  door: Door = 'mutate',
  about: Partial<PodRequest> = {},
): Outcome {
  const outcome = instrument(requestOf(pod, door, about), engine);
  if (outcome instanceof Promise) throw new Error('this asks a registry');
  return outcome;
}

/** Decides on a pod, with look-ups. */
export async function decideWithLookUps(
  pod: JsonObject,
  engine: Engine,
  about: Partial<PodRequest> = {},
): Promise<Outcome> {
  return await instrument(requestOf(pod, 'mutate', { lookUp: () => new AbortController().signal, ...about }), engine);
}

function requestOf(pod: JsonObject, door: Door, about: Partial<PodRequest>): PodRequest {
  return { pod, namespace: 'shop', namespaceLabels: {}, door, admitted: true, trace: false, ...about };
}

/** An AdmissionReview that creates a pod. */
export function reviewOf(pod: JsonObject, request: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      operation: 'CREATE',
      namespace: 'shop',
      object: pod,
      ...request,
    },
  };
}

/** What a door answered, read back. */
export interface Answered {
  readonly uid: string;
  readonly allowed: boolean;
  readonly patch: readonly Operation[];
  readonly warnings: readonly string[];
  readonly audit: JsonObject;
  readonly status: JsonObject | undefined;
  readonly reviewed: Reviewed | undefined;
  /** The response as it is in the answer. */
  readonly response: JsonObject;
}

export interface DoorSetup extends Partial<DoorOptions> {
  readonly namespaceLabelsOf?: StringMap;
  readonly signal?: AbortSignal;
}

/** Sends a body through a door. */
export async function askDoor(
  door: Door,
  body: string | JsonObject,
  engine: Engine,
  setup: DoorSetup = {},
): Promise<Answered> {
  let reviewed: Reviewed | undefined;
  const handler = createDoor(door, {
    engine: setup.engine ?? (() => engine),
    namespaceLabels: setup.namespaceLabels ?? (() => setup.namespaceLabelsOf ?? {}),
    ...(setup.reread === undefined ? {} : { reread: setup.reread }),
    ...(setup.otherVersions === undefined ? {} : { otherVersions: setup.otherVersions }),
    onReviewed: (one) => (reviewed = one),
    onFailure: setup.onFailure ?? (() => undefined),
  });
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const text = await handler(bytes, { signal: setup.signal ?? new AbortController().signal, traceparent: undefined });
  return { ...readAnswer(text), reviewed };
}

/** Reads the AdmissionReview that a door, or a server, answered. */
export function readAnswer(text: string): Omit<Answered, 'reviewed'> {
  const review: unknown = JSON.parse(text);
  if (!isObject(review) || review['apiVersion'] !== 'admission.k8s.io/v1' || review['kind'] !== 'AdmissionReview') {
    throw new Error(`no AdmissionReview: ${text}`);
  }
  const { response } = review;
  if (!isObject(response)) throw new Error(`no response: ${text}`);
  // What only patches says nothing for the audit log.
  const { uid, allowed, warnings, auditAnnotations = {}, status } = response;
  if (typeof uid !== 'string' || typeof allowed !== 'boolean' || !isObject(auditAnnotations)) {
    throw new Error(`not a response: ${text}`);
  }
  return {
    uid,
    allowed,
    patch: readPatch(response),
    warnings: stringsOf(warnings) ?? [],
    audit: auditAnnotations,
    status: isObject(status) ? status : undefined,
    response,
  };
}

function readPatch(response: JsonObject): readonly Operation[] {
  const { patch, patchType } = response;
  if (patch === undefined) return [];
  if (typeof patch !== 'string' || patchType !== 'JSONPatch') throw new Error('a patch without its type');
  const operations: unknown = JSON.parse(Buffer.from(patch, 'base64').toString('utf8'));
  if (!isArray(operations)) throw new Error('a patch that is no list');
  return operations.map(readOperation);
}

function readOperation(value: unknown): Operation {
  if (!isObject(value)) throw new Error('an operation that is none');
  const { op, path, value: operand } = value;
  if (typeof path !== 'string') throw new Error('an operation without a path');
  if (op === 'remove') return { op, path };
  if ((op !== 'add' && op !== 'replace' && op !== 'test') || operand === undefined)
    throw new Error(`no such operation at ${path}`);
  return { op, path, value: operand };
}
