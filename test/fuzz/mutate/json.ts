import { isArray, isObject, type JsonValue } from '../../../src/model/json.js';
import { isDraftObject, type Draft, type DraftObject } from '../../support/json.js';
import type { Random } from './random.js';

/** Keys that careless code falls over, and keys that mean something to the product. */
const keys: readonly string[] = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '',
  '0',
  '-',
  'a/b',
  'a~b~0~1',
  'length',
  'then',
  'name',
  'command',
  'args',
  'env',
  'value',
  'valueFrom',
  'image',
  'securityContext',
  'volumeMounts',
  'initContainers',
  'restartPolicy',
  'metadata',
  'annotations',
  'labels',
  'outrider.dev/inject',
  'outrider.dev/images',
  'outrider.dev/containers',
  'outrider.dev/undo',
  'outrider.dev/status',
  'Fn::If',
  'Ref',
  '<<',
  '\u0000',
  '\ud800',
];

const texts: readonly string[] = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\udc00x',
  '\ufeff',
  '\u2028',
  '$',
  '$$(',
  '$(A)$$(B)',
  '${Name}',
  '__proto__',
  'constructor',
  'null',
  'true',
  '~',
  '1e999',
  '*',
  '**a*b*c*d*e*f*g*h**',
  '[',
  '(a+)+$',
  '/',
  '//',
  '../..',
  '/init',
  '/opt/draios/bin/instrument',
  'enabled',
  'disabled',
  'sysdig-workload-agent',
  'a'.repeat(5000),
  'é'.repeat(300),
  '/'.repeat(2000),
  '1'.repeat(400),
  '{"entrypoint":["/a"]}',
  '{"web":{"entrypoint":["/a","$(B)"],"cmd":null}}',
  '[]',
  '100m',
  '1e3Ki',
  '-1',
  '9'.repeat(30) + 'Gi',
  '0.0000000001',
  'sha256:' + '0'.repeat(64),
  'registry.example:99999/x@sha256:0',
  'UPPER/case:tag',
  '-._-'.repeat(60),
];

const numbers: readonly number[] = [0, -0, 1, -1, 0.1, 1e21, 1e308, -1e308, 5e-324, 2 ** 31, 2 ** 53, 2 ** 53 + 2, 443];

/** Values of every kind, small and harmful. */
function oddValue(random: Random): Draft {
  switch (random.below(8)) {
    case 0:
      return null;
    case 1:
      return random.chance(2);
    case 2:
      return random.pick(numbers);
    case 3:
      return [];
    case 4:
      return {};
    case 5:
      return nested(random.pick([3, 70, 250]), random.chance(2));
    case 6:
      return [oddText(random), random.pick(numbers), null];
    default:
      return oddText(random);
  }
}

function oddText(random: Random): string {
  return random.pick(texts);
}

function nested(depth: number, inList: boolean): Draft {
  let value: Draft = 'deep';
  for (let level = 0; level < depth; level++) value = inList ? [value] : { a: value };
  return value;
}

/** A place in a document: a member of an object or of a list. */
type Place =
  | { readonly kind: 'field'; readonly parent: DraftObject; readonly key: string }
  | { readonly kind: 'item'; readonly parent: Draft[]; readonly key: number };

function placesOf(root: Draft): Place[] {
  const places: Place[] = [];
  const left: Draft[] = [root];
  for (let node = left.pop(); node !== undefined && places.length < 20_000; node = left.pop()) {
    if (Array.isArray(node)) {
      for (const [key, child] of node.entries()) {
        places.push({ kind: 'item', parent: node, key });
        left.push(child);
      }
    } else if (isDraftObject(node)) {
      for (const [key, child] of Object.entries(node)) {
        places.push({ kind: 'field', parent: node, key });
        if (child !== undefined) left.push(child);
      }
    }
  }
  return places;
}

function valueAt(place: Place): Draft {
  return (place.kind === 'item' ? place.parent[place.key] : place.parent[place.key]) ?? null;
}

function set(place: Place, value: Draft): void {
  if (place.kind === 'item') place.parent[place.key] = value;
  else define(place.parent, place.key, value);
}

/** Also a field named `__proto__`, which an assignment would take for the prototype. */
function define(object: DraftObject, key: string, value: Draft): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

function copyOf(value: Draft): Draft {
  return structuredClone(value);
}

/** Changes a document in one place or a few. Returns what it was given where there is nothing to change. */
export function mutateJson(root: JsonValue, random: Random, others: readonly JsonValue[]): JsonValue {
  const held: DraftObject = { root: draftOf(root) };
  const rounds = 1 + random.below(4);
  for (let round = 0; round < rounds; round++) mutateOnce(held, random, others);
  return held['root'] ?? null;
}

function draftOf(value: JsonValue): Draft {
  if (isArray(value)) return value.map(draftOf);
  if (!isObject(value)) return value;
  const made: DraftObject = {};
  for (const [key, child] of Object.entries(value)) if (child !== undefined) define(made, key, draftOf(child));
  return made;
}

function mutateOnce(held: DraftObject, random: Random, others: readonly JsonValue[]): void {
  const places = placesOf(held);
  const place = random.pick(places);
  const value = valueAt(place);
  const actions: readonly (() => void)[] = [
    () => set(place, oddValue(random)),
    () => set(place, oddValue(random)),
    () => remove(place),
    () => add(value, random),
    () => rename(place, random),
    () => set(place, copyOf(valueAt(random.pick(places)))),
    () => repeat(place, random),
    () => splice(place, random, others),
    () => set(place, random.chance(2) ? [copyOf(value)] : { [random.pick(keys)]: copyOf(value) }),
    () => set(place, typeof value === 'string' ? mutateText(value, random) : oddValue(random)),
  ];
  random.pick(actions)();
}

function remove(place: Place): void {
  if (place.kind === 'item') place.parent.splice(place.key, 1);
  else if (place.key !== 'root') Reflect.deleteProperty(place.parent, place.key);
}

function add(value: Draft, random: Random): void {
  if (Array.isArray(value)) value.splice(random.below(value.length + 1), 0, oddValue(random));
  else if (isDraftObject(value)) define(value, random.pick(keys), oddValue(random));
}

function rename(place: Place, random: Random): void {
  if (place.kind === 'item') return;
  const value = valueAt(place);
  if (place.key !== 'root') Reflect.deleteProperty(place.parent, place.key);
  define(place.parent, place.key === 'root' ? 'root' : random.pick(keys), value);
}

function repeat(place: Place, random: Random): void {
  if (place.kind === 'field') return;
  const value = valueAt(place);
  const times = random.pick([1, 2, 40]);
  for (let time = 0; time < times; time++) place.parent.push(copyOf(value));
}

/** A part of another document in a place of this one, of the same key where there is one. */
function splice(place: Place, random: Random, others: readonly JsonValue[]): void {
  if (others.length === 0) return;
  const found = placesOf({ root: draftOf(random.pick(others)) });
  const alike = found.filter(({ key }) => key === place.key);
  set(place, copyOf(valueAt(random.pick(alike.length === 0 ? found : alike))));
}

/** A text with a piece of it, or an odd text, put in somewhere. */
export function mutateText(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const end = Math.min(text.length, at + random.below(8));
  switch (random.below(4)) {
    case 0:
      return text.slice(0, at) + text.slice(end);
    case 1:
      return text.slice(0, at) + oddText(random) + text.slice(at);
    case 2:
      return text.slice(0, at) + text.slice(at, end).repeat(2 + random.below(30)) + text.slice(end);
    default:
      return text.slice(0, at) + String.fromCharCode(random.below(random.chance(4) ? 0xffff : 0x7f)) + text.slice(end);
  }
}
