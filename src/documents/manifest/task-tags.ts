import { isArray, isObject, listOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { pointerToken } from '../../model/json-pointer.js';
import { hasPlaceholder } from '../../model/loop-placeholders.js';
import { keyInAnyCase } from '../../model/task-keys.js';
import type { UnknownTag } from '../../model/task.js';

/** The tags of a task. */
export interface ReadTags {
  readonly tags: Readonly<Record<string, string>>;
  readonly unknown: readonly UnknownTag[];
}

/**
 * Reads a list of `{key, value}`. A value that is not a text counts as the service stores it: a number or a Boolean as its
 * text. A tag without a value says nothing. A value that a function makes is unknown, and so is a tag inside a function
 * (W33). A text with a loop's placeholder counts as made by a function.
 *
 * @param field `Tags` as CloudFormation has them, else the name in the ECS API
 * @param loops identifiers of the loops of `Fn::ForEach` that the task is in
 */
export function readTags(owner: JsonObject, field: 'Tags' | 'tags', loops: readonly string[] = []): ReadTags {
  const isTemplate = field === 'Tags';
  const keyOf = (tag: JsonObject, name: string): string =>
    isTemplate ? name.charAt(0).toUpperCase() + name.slice(1) : keyInAnyCase(tag, name);
  const at = isTemplate ? field : keyInAnyCase(owner, field);
  const tags: Record<string, string> = {};
  const unknown: UnknownTag[] = [];
  const list = owner[at];
  if (isObject(list)) unknown.push(...madeByFunction(list, `/${pointerToken(at)}`));
  for (const [index, tag] of listOf(list).entries()) {
    if (!isObject(tag)) continue;
    const pointer = `/${pointerToken(at)}/${index}`;
    const key = tag[keyOf(tag, 'key')];
    if (typeof key !== 'string') {
      unknown.push(...madeByFunction(tag, pointer));
      continue;
    }
    if (hasPlaceholder(key, loops)) {
      unknown.push({ tag: undefined, pointer });
      continue;
    }
    const value = tag[keyOf(tag, 'value')] ?? undefined;
    if (value === undefined) continue;
    if (typeof value === 'object' || (typeof value === 'string' && hasPlaceholder(value, loops)))
      unknown.push({ tag: key, pointer: `${pointer}/${pointerToken(keyOf(tag, 'value'))}` });
    else tags[key] = String(value);
  }
  return { tags, unknown };
}

/** The tags inside a function, in whichever branch; one without a key where none is written down. */
function madeByFunction(value: JsonObject, pointer: string): readonly UnknownTag[] {
  const keys = keysIn(value);
  return keys.length === 0 ? [{ tag: undefined, pointer }] : keys.map((tag) => ({ tag, pointer }));
}

function keysIn(value: JsonValue | undefined): readonly string[] {
  if (isArray(value)) return value.flatMap(keysIn);
  if (!isObject(value)) return [];
  const key = value['Key'];
  return typeof key === 'string' ? [key] : Object.values(value).flatMap(keysIn);
}
