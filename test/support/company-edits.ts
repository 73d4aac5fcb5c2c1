import { createHash } from 'node:crypto';
import { draftsOf, isDraftObject, listAt, nameOf, objectAt, type Draft, type DraftObject } from './json.js';

// The ways in which an admission actor edits a pod, each as the actors' own sources do it.

/** Before all the others or after them. */
export type Place = 'first' | 'last';

/** Adds a member to a list unless one of its name is there. */
export function addNamed(parent: DraftObject, field: string, member: DraftObject, place: Place): void {
  if (draftsOf(parent[field]).some((one) => nameOf(one) === nameOf(member))) return;
  put(listAt(parent, field), member, place);
}

/** What an actor takes for the same mount, and does not add again. */
export type SameMount = 'sameName' | 'samePath' | 'sameNameOrPath' | 'never';

/** Adds a mount unless the container has the same. */
export function addMount(container: DraftObject, mount: DraftObject, unless: SameMount, place: Place): void {
  const there = draftsOf(container['volumeMounts']);
  const sameName = there.some(({ name }) => name === mount['name']);
  const samePath = there.some(({ mountPath }) => mountPath === mount['mountPath']);
  if (sameName && (unless === 'sameName' || unless === 'sameNameOrPath')) return;
  if (samePath && (unless === 'samePath' || unless === 'sameNameOrPath')) return;
  put(listAt(container, 'volumeMounts'), mount, place);
}

/** Adds to the end of a variable's value, or makes the variable; one whose value comes from elsewhere stays. */
export function joinEnv(container: DraftObject, variable: DraftObject, separator: string, place: Place): void {
  const there = draftsOf(container['env']).find((one) => nameOf(one) === nameOf(variable));
  if (there === undefined) put(listAt(container, 'env'), variable, place);
  else if (there['valueFrom'] === undefined)
    there['value'] = `${textOf(there['value'])}${separator}${textOf(variable['value'])}`;
}

/** Adds a member to a list that is in one text, separated by commas. */
export function joinText(parent: DraftObject, field: string, member: string): void {
  const members = textOf(parent[field]).split(',').filter(Boolean);
  if (!members.includes(member)) parent[field] = [...members, member].join(',');
}

/** Moves the member of that name, if there is one. */
export function move(members: Draft[], name: string, place: Place): void {
  const index = members.findIndex((one) => isDraftObject(one) && nameOf(one) === name);
  if (index >= 0) for (const one of members.splice(index, 1)) put(members, one, place);
}

function put(members: Draft[], member: Draft, place: Place): void {
  if (place === 'first') members.unshift(member);
  else members.push(member);
}

/** As the API server does it: a limit without a request is the request too. */
export function requestsFromLimits(container: DraftObject): void {
  const { resources } = container;
  if (isDraftObject(resources) && isDraftObject(resources['limits']))
    fill(objectAt(resources, 'requests'), resources['limits']);
}

/** Fills in what is absent, however deep. */
export function fill(target: DraftObject, value: DraftObject): void {
  for (const [field, wanted] of Object.entries(value)) {
    const there = target[field];
    if (there === undefined || there === null) target[field] = structuredClone(wanted);
    else if (isDraftObject(there) && isDraftObject(wanted)) fill(there, wanted);
  }
}

/** Sets whatever is there, however deep. */
export function overwrite(target: DraftObject, value: DraftObject): void {
  for (const [field, wanted] of Object.entries(value)) {
    const there = target[field];
    if (isDraftObject(there) && isDraftObject(wanted)) overwrite(there, wanted);
    else target[field] = structuredClone(wanted);
  }
}

/** Makes a list of texts the sorted union of itself and these, as OpenShift does with capabilities. */
export function unite(target: DraftObject, path: string, values: readonly string[]): void {
  const fields = path.split('/');
  const parent = fields.slice(0, -1).reduce(objectAt, target);
  const last = fields.at(-1) ?? '';
  const there = Array.isArray(parent[last]) ? parent[last].map(textOf) : [];
  parent[last] = [...new Set([...there, ...values])].sort();
}

/** An object of the pod, and the nearest one above it that has a name. */
export interface Target {
  readonly node: DraftObject;
  readonly owner: DraftObject;
}

/** The objects at a place: fields and slashes, each member of a list where the field ends in `*`. */
export function targetsAt(pod: DraftObject, path: string): readonly Target[] {
  const start: readonly Target[] = [{ node: pod, owner: pod }];
  return path.split('/').reduce((targets, field) => targets.flatMap((target) => inside(target, field)), start);
}

function inside({ node, owner }: Target, field: string): readonly Target[] {
  const value = field.endsWith('*') ? node[field.slice(0, -1)] : node[field];
  const nodes = isDraftObject(value) ? [value] : draftsOf(value);
  return nodes.map((next) => ({ node: next, owner: nameOf(next) === '' ? owner : next }));
}

/** True where the pod has a field at the path. */
export function isThere(pod: DraftObject, path: string): boolean {
  const [, parent = '', field = ''] = /^(.*)\/([^/]*)$/.exec(path) ?? [];
  return targetsAt(pod, parent).some(({ node }) => node[field] !== undefined);
}

/** A value of a fixture, with what its `{{words}}` stand for in the pod. */
export function filled(value: object, pod: DraftObject, { node, owner }: Target): DraftObject {
  const spec = objectAt(pod, 'spec');
  const name = nameOf(owner);
  const names = draftsOf(spec['containers']).map(nameOf);
  const words: Readonly<Record<string, string>> = {
    container: name,
    init: String(draftsOf(spec['initContainers']).some((one) => nameOf(one) === name)),
    containers: names.join(', '),
    podHash: podHash(pod),
    pullPolicy: pullPolicyOf(textOf(node['image'] ?? node['reference'])),
  };
  const text = JSON.stringify(value).replace(/\{\{(\w+)\}\}/g, (whole, word: string) => words[word] ?? whole);
  const made: unknown = JSON.parse(text);
  if (!isDraftObject(made)) throw new Error('not an object');
  return made;
}

function pullPolicyOf(image: string): string {
  return /:[^/]*$/.test(image) && !image.endsWith(':latest') ? 'IfNotPresent' : 'Always';
}

/** As Azure's webhook hashes a pod's name, or what will become its name. */
function podHash(pod: DraftObject): string {
  const { name, generateName } = objectAt(pod, 'metadata');
  const text = typeof name === 'string' ? name : `${textOf(generateName)} (prefix)`;
  return createHash('sha256').update(text).digest('hex').slice(0, 30);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
