import { isArray, isObject, objectOf, stringOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { readPointer } from '../../model/json-pointer.js';
import { OutriderError } from '../../model/error.js';
import { groupOf } from '../../model/workload-kinds.js';
import type { FoundObject } from './objects.js';

/** The places of the pod templates of a kind. */
export interface TemplatePath {
  readonly kind: string;
  /** Absent for a kind of any group. */
  readonly group?: string;
  /** Keys to the object with the pod's metadata and spec; `*` stands for every item or member. */
  readonly path: readonly string[];
}

/** A value that a path leads to. */
export interface Place {
  readonly keys: readonly string[];
  /** What `*` stood for: the item's name or place, or the member's key. */
  readonly part: string | undefined;
  readonly value: JsonValue;
}

/**
 * Reads `KIND=PATH`, such as `Fleet=spec.template.spec.template`; the kind may have its group after it, and the path
 * may be a JSON pointer.
 *
 * @throws OutriderError `usage`
 */
export function parseTemplatePath(text: string): TemplatePath {
  const equals = text.indexOf('=');
  const subject = text.slice(0, Math.max(equals, 0)).trim();
  const written = text.slice(equals + 1).trim();
  const [kind = '', ...group] = subject.split('.');
  const path = written.startsWith('/')
    ? readPointer(written)
    : written
        .replaceAll(/\[(?:\*|\d*)\]/g, '.*')
        .split('.')
        .filter((key, index) => key !== '' || index > 0);
  if (!/^[A-Za-z][A-Za-z0-9]*$/.test(kind) || path.length === 0 || path.includes('')) {
    const example =
      'Fleet=spec.template.spec.template, or with a group and a list, Job.batch.volcano.sh=spec.tasks.*.template';
    throw new OutriderError('usage', `--template-path ${text} is not of the form KIND=PATH; write ${example}.`);
  }
  if (path.at(-1) === 'containers') {
    const shorter = path.slice(0, path.at(-2) === 'spec' ? -2 : -1).join('.');
    throw new OutriderError(
      'usage',
      `--template-path ${text} leads to containers; give the path of the object that has the pod’s metadata and spec: ${subject}=${shorter}.`,
    );
  }
  return { kind, ...(group.length === 0 ? {} : { group: group.join('.') }), path };
}

/** Whether a path is about an object's kind. */
export function isOfKind({ kind, apiVersion }: FoundObject, about: TemplatePath): boolean {
  if (kind !== about.kind) return false;
  return about.group === undefined || (apiVersion !== undefined && groupOf(apiVersion) === about.group);
}

/** What a path leads to in an object, in the object's order. */
export function placesAt(object: JsonObject, path: readonly string[]): readonly Place[] {
  return step({ keys: [], part: undefined, value: object }, path);
}

function step(place: Place, [key, ...rest]: readonly string[]): readonly Place[] {
  if (key === undefined) return [place];
  return key === '*' ? membersOf(place).flatMap((member) => step(member, rest)) : memberOf(place, key, rest);
}

function memberOf({ keys, part, value }: Place, key: string, rest: readonly string[]): readonly Place[] {
  if (!isObject(value) || !Object.hasOwn(value, key)) return [];
  const member = value[key];
  return member === undefined ? [] : step({ keys: [...keys, key], part, value: member }, rest);
}

function membersOf({ keys, value }: Place): readonly Place[] {
  if (isArray(value)) {
    return value.map((item, index) => ({
      keys: [...keys, `${index}`],
      part: stringOf(objectOf(item)?.['name']) ?? `${index}`,
      value: item,
    }));
  }
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    member === undefined ? [] : [{ keys: [...keys, key], part: key, value: member }],
  );
}
