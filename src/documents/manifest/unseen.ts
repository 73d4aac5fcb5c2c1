import { isArray, isObject, type JsonObject, type JsonValue } from '../../model/json.js';
import { pointerToken, readPointer } from '../../model/json-pointer.js';
import { nearest } from '../../model/nearest.js';
import { allWorkloadKinds, groupOf, workloadKind } from '../../model/workload-kinds.js';
import { expandFirst } from './for-each.js';
import { objectsIn, type FoundObject, type Unseen } from './objects.js';
import { jsonPatch, kustomization } from './unfinished.js';

/** Groups whose objects refer to other objects' containers and have none. */
const aboutOthers =
  /^(?:outrider\.dev|apiextensions\.k8s\.io|admissionregistration\.k8s\.io|(?:.*\.)?kyverno\.io|(?:.*\.)?gatekeeper\.sh)$/;

/** Keys under which containers are, in pods and in what controllers and AWS create them from. */
const containerKeys =
  /^(?:(?:init|ephemeral|sidecar)?containers?|container(?:definition|propertie)s|sidecars|steps|script)$/i;
const podKeys = ['containers', 'initContainers'];

const byWebhook = 'The webhook decides on its pods when they are made.';
const kinds: readonly string[] = [...new Set(allWorkloadKinds.map(({ kind }) => kind))];

/**
 * Finds what seems to hold containers, one for each object of a document.
 *
 * @param seen pointers of what is looked at: pod templates and tasks
 */
export function findUnseen(value: JsonValue, seen: readonly string[]): readonly Unseen[] {
  const known = new Set(seen);
  const patch = isArray(value) ? jsonPatch(value) : undefined;
  if (patch !== undefined) return [patch];
  return objectsIn(value).flatMap((object) => {
    const built = kustomization(object);
    if (built !== undefined) return [built];
    if (aboutOthers.test(groupOf(object.apiVersion ?? ''))) return [];
    const at = containersIn(object.value, object.path, known);
    return at === undefined || !isTelling(object, at) ? [] : [unseenAt(object, at)];
  });
}

/** The pointer of the first containers that are in nothing that is looked at. */
function containersIn(value: JsonValue | undefined, path: string, seen: ReadonlySet<string>): string | undefined {
  if (typeof value !== 'object' || value === null || seen.has(path)) return undefined;
  const isList = isArray(value);
  const keys = Object.keys(value);
  const holder = isList ? undefined : keys.find((key) => holdsContainers(key, memberOf(value, key)));
  if (holder !== undefined) return `${path}/${pointerToken(holder)}`;
  for (const key of keys) {
    const member = memberOf(value, key);
    // Most of a document is text, for which no path is made.
    if (typeof member !== 'object' || member === null) continue;
    const found = containersIn(member, `${path}/${pointerToken(key)}`, seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

function memberOf(value: readonly JsonValue[] | JsonObject, key: string): JsonValue | undefined {
  return isArray(value) ? value[Number(key)] : value[key];
}

function holdsContainers(key: string, value: JsonValue | undefined): boolean {
  // Argo creates the object that is there as text.
  if (key === 'manifest' && typeof value === 'string') return /\bcontainers["']?[ \t]*:/.test(value);
  if (typeof value !== 'object' || value === null) return false;
  const items = (isArray(value) ? value : [value]).filter(isObject);
  if (key === 'containers' && isArray(value) && items.some(isContainer)) return true;
  if (!items.some(({ image, Image }) => (typeof image === 'string' ? image : Image) !== undefined)) return false;
  return containerKeys.test(key) || nearest(key, podKeys) !== undefined;
}

function isContainer(value: JsonObject): boolean {
  return ['name', 'image', 'command', 'args'].some((key) => value[key] !== undefined);
}

/** A file without kind may be anything, such as the values of a chart: only what nothing else has counts there. */
function isTelling({ kind, apiVersion }: FoundObject, at: string): boolean {
  return kind !== undefined || apiVersion !== undefined || /\/spec\/containers$|definitions$/i.test(at);
}

function unseenAt(object: FoundObject, at: string): Unseen {
  const { kind, apiVersion, name } = object;
  const about = { path: at, kind, name };
  const key = readPointer(at).at(-1) ?? '';
  if (/\/Fn::ForEach::[^/]*\//.test(at)) {
    const detail = `${at} stands in Fn::ForEach, which CloudFormation expands`;
    return { ...about, detail, remedy: expandFirst };
  }
  if (kind === undefined) {
    const detail = `it has containers at ${at} and is of no kind that is known`;
    return { ...about, detail, remedy: 'Give it the apiVersion and kind, or the shape, of what it is.' };
  }
  const row = workloadKind(kind, apiVersion);
  if (row !== undefined && row.templates.length === 0) {
    const detail = `${kind} holds containers, not pods: its controller makes the pods`;
    return { ...about, detail, remedy: byWebhook };
  }
  const meant = nearest(key, podKeys);
  if (row !== undefined && meant !== undefined && !podKeys.includes(key)) {
    const detail = `${at} stands where ${meant} is meant`;
    return { ...about, detail, remedy: `Rename ${key} to ${meant}: the API server does not know it.` };
  }
  if (row !== undefined) {
    return { ...about, detail: `it has containers at ${at}, where no pod of its kind has them`, remedy: byWebhook };
  }
  return {
    ...about,
    detail: `${unknownKind(kind, apiVersion)}, and it has containers at ${at}`,
    remedy: remedyFor(object, at),
  };
}

function unknownKind(kind: string, apiVersion: string | undefined): string {
  const near = nearest(kind, kinds);
  const of = apiVersion === undefined ? '' : ` of ${apiVersion}`;
  if (near === undefined) return `kind ${kind}${of} is not known`;
  if (near !== kind) return `kind ${kind}${of} is not known (did you mean ${near}?)`;
  const groups = allWorkloadKinds.filter((row) => row.kind === kind).map(({ group, version }) => `${group}/${version}`);
  return `kind ${kind}${of} is not known, only of ${groups.map((each) => each.replace(/^\//, '')).join(' and ')}`;
}

function remedyFor({ path, kind, apiVersion }: FoundObject, at: string): string {
  const near = kind === undefined ? undefined : nearest(kind, kinds);
  const fix = near === undefined || near === kind ? '' : `Write kind: ${near}. `;
  const keys = readPointer(at.slice(path.length));
  if (keys.length < 3 || keys.at(-1) !== 'containers' || keys.at(-2) !== 'spec') return `${fix}${byWebhook}`;
  const way = keys.slice(0, -2).map((key) => (/^\d+$/.test(key) ? '*' : key));
  const group = groupOf(apiVersion ?? '');
  return `${fix}If its pods are made of that: --template-path ${kind ?? ''}${group === '' ? '' : `.${group}`}=${way.join('.')}.`;
}
