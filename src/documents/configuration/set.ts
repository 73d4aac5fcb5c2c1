import { OutriderError } from '../../model/error.js';
import { isArray, isObject, type JsonObject, type JsonValue } from '../../model/json.js';
import { didYouMean } from '../../model/nearest.js';
import { policySchema } from '../../model/policy.js';
import type { Profile, ProfileSetting, SettingValue } from '../../model/profile.js';
import { readDocuments } from './document-reader.js';
import { SchemaGuide } from '../schema/guide.js';

/**
 * Applies `--set key=value` assignments to a policy's spec as it was written, in order, a later one over an earlier.
 *
 * - `region=us2` is a setting of the profile, read as the type that the profile gives it. An empty value
 *   takes the setting back to its default.
 * - `spec.capability=Never` is a field of the policy, by path, read as the type that the policy's schema gives it: a
 *   list is `a,b` or `["a","b"]`, an object is YAML in one line. A dot inside a key is written `\.`.
 *
 * It does not check whether the values are allowed; the policy's schema and the profile's settings do.
 *
 * @param spec the policy's `spec`, before defaults; it is not changed
 * @param profile the profile that the policy uses
 * @throws OutriderError `usage` for what is not an assignment, `settings_invalid` for a key that does not exist or a
 *   value of another type
 */
export function applySettings(spec: JsonObject, assignments: readonly string[], profile: Profile): JsonObject {
  return assignments.reduce((current, assignment) => {
    const at = assignment.indexOf('=');
    if (at <= 0) {
      throw new OutriderError('usage', `--set ${assignment} is no assignment; write key=value, such as region=us2.`);
    }
    const key = assignment.slice(0, at);
    const text = assignment.slice(at + 1);
    return key.startsWith('spec.') ? withField(current, key, text) : withSetting(current, key, text, profile);
  }, spec);
}

const guide = new SchemaGuide(policySchema);

function withSetting(spec: JsonObject, name: string, text: string, profile: Profile): JsonObject {
  const known = profile.spec.settings;
  const setting = Object.hasOwn(known, name) ? known[name] : undefined;
  if (setting === undefined) {
    const hint = didYouMean(name, Object.keys(known)) || ';';
    const list = Object.keys(known).join(', ');
    throw invalid(
      name,
      `spec.profile.settings.${name}`,
      `is not a setting of profile ${profile.metadata.name}${hint} it has ${list === '' ? 'none' : list}; a field of the policy begins with spec.`,
    );
  }
  return put(spec, ['profile', 'settings', name], text === '' ? '' : settingValue(name, setting, text), name);
}

function settingValue(name: string, setting: ProfileSetting, text: string): SettingValue {
  const field = `spec.profile.settings.${name}`;
  switch (setting.type) {
    case 'string':
      return text;
    case 'integer':
      if (/^-?\d{1,15}$/.test(text)) return Number(text);
      throw invalid(name, field, `is ${JSON.stringify(text)}; give a whole number`);
    case 'boolean':
      if (text === 'true' || text === 'false') return text === 'true';
      throw invalid(name, field, `is ${JSON.stringify(text)}; give true or false`);
  }
}

function withField(spec: JsonObject, key: string, text: string): JsonObject {
  const [, ...path] = key.split(/(?<!\\)\./).map((part) => part.replaceAll('\\.', '.'));
  const place = guide.at(['spec', ...path]);
  if (place === undefined || path.includes('')) {
    // Known fields are those of the deepest part of the path that exists.
    let depth = path.length;
    while (depth > 0 && guide.at(['spec', ...path.slice(0, depth)]) === undefined) depth--;
    const keys = guide.at(['spec', ...path.slice(0, depth)])?.keys ?? [];
    const hint = didYouMean(path[depth] ?? '', keys) || ';';
    throw invalid(key, key, `is not a field of a policy${hint} known there are ${keys.join(', ') || 'none'}`);
  }
  return put(spec, path, fieldValue(key, place.types, text), key);
}

function fieldValue(key: string, types: readonly string[], text: string): JsonValue {
  if (types.includes('array') && !text.trimStart().startsWith('[')) return text === '' ? [] : text.split(',');
  if (types.includes('string')) return text;
  const [document] = readDocuments({ name: `--set ${key}`, text }).documents;
  const value = document?.value;
  const allowed = types.join(' or ');
  if (!isJsonOf(value, types)) throw invalid(key, key, `is ${JSON.stringify(text)}; give a value of type ${allowed}`);
  return value;
}

function isJsonOf(value: JsonValue | undefined, types: readonly string[]): value is JsonValue {
  if (isArray(value)) return types.includes('array');
  if (isObject(value)) return types.includes('object');
  if (typeof value === 'number') return types.includes(Number.isInteger(value) ? 'integer' : 'number');
  return typeof value === 'boolean' && types.includes('boolean');
}

function put(target: JsonObject, path: readonly string[], value: JsonValue, key: string): JsonObject {
  const [first, ...rest] = path;
  if (first === undefined) return target;
  if (first === '__proto__') throw invalid(key, key, 'is never set; take it out');
  if (rest.length === 0) return { ...target, [first]: value };
  const inner = target[first];
  return { ...target, [first]: put(isObject(inner) ? inner : {}, rest, value, key) };
}

function invalid(key: string, field: string, problem: string): OutriderError {
  return new OutriderError('settings_invalid', `--set ${key}: ${field} ${problem}.`, { field });
}
