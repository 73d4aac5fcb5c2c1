import { isObject, listOf, objectOf, stringOf, stringsOf } from '../../../src/model/json.js';
import type { JsonObject } from '../../../src/model/json.js';

/** What the tests vary of a pod. */
export interface PodOptions {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Fields of its only container next to name and image. */
  readonly container?: JsonObject;
  readonly spec?: JsonObject;
}

/** What a pod must say to be let into a namespace that enforces `restricted`. */
export const withinRestricted: PodOptions = {
  spec: { securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } } },
  container: { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } },
};

export const appCommand = ['/bin/app', 'serve'];
export const appArgs = ['--port=8080', '$(LEVEL)'];

/** A pod of one container, `app`, that says what it starts. */
export function pod(
  name: string,
  { labels = {}, annotations = {}, container = {}, spec = {} }: PodOptions = {},
): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels, annotations },
    spec: {
      containers: [{ name: 'app', image: 'registry.example/app:1', command: appCommand, args: appArgs, ...container }],
      ...spec,
    },
  };
}

/** What of a container the tests look at. */
export interface ContainerSummary {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: readonly string[];
  readonly mounts: readonly string[];
  readonly added: readonly string[];
  readonly limits: JsonObject;
}

/** What of a pod the tests look at. */
export interface PodSummary {
  readonly status: string | undefined;
  readonly reason: string | undefined;
  readonly initContainers: readonly ContainerSummary[];
  readonly containers: readonly ContainerSummary[];
  readonly volumes: readonly string[];
}

export function summaryOf(pod: JsonObject): PodSummary {
  const metadata = objectOf(pod['metadata']);
  const spec = objectOf(pod['spec']) ?? {};
  return {
    status: stringOf(objectOf(metadata?.['labels'])?.['outrider.dev/status']),
    reason: stringOf(objectOf(metadata?.['annotations'])?.['outrider.dev/reason']),
    initContainers: objectsOf(spec['initContainers']).map(containerSummary),
    containers: objectsOf(spec['containers']).map(containerSummary),
    volumes: namesOf(spec['volumes']),
  };
}

/** The names of a list of containers, in order. */
export function names(containers: readonly ContainerSummary[]): readonly string[] {
  return containers.map(({ name }) => name);
}

function containerSummary(container: JsonObject): ContainerSummary {
  return {
    name: stringOf(container['name']) ?? '',
    argv: [...(stringsOf(container['command']) ?? []), ...(stringsOf(container['args']) ?? [])],
    env: namesOf(container['env']),
    mounts: objectsOf(container['volumeMounts']).map(({ mountPath }) => stringOf(mountPath) ?? ''),
    added: stringsOf(objectOf(objectOf(container['securityContext'])?.['capabilities'])?.['add']) ?? [],
    limits: objectOf(objectOf(container['resources'])?.['limits']) ?? {},
  };
}

function namesOf(list: unknown): readonly string[] {
  return objectsOf(list).map(({ name }) => stringOf(name) ?? '');
}

function objectsOf(list: unknown): readonly JsonObject[] {
  return listOf(list).filter(isObject);
}
