import { isObject, type JsonObject, type JsonValue } from '../model/json.js';

// The two characters beyond ASCII that fold into it (Unicode, CaseFolding.txt): long s and the Kelvin sign.
const foldsToAscii = /[\u017f\u212a]/g;

/** Equal for names that Go's decoder treats as one field. `undefined` for a name that no field of ours can have. */
function folded(name: string): string | undefined {
  const ascii = name.replace(foldsToAscii, (character) => (character === '\u017f' ? 's' : 'k'));
  return /^[\x20-\x7e]+$/.test(ascii) ? ascii.toLowerCase() : undefined;
}

/**
 * What Go's decoder (encoding/json) puts into a field, as container runtimes and the kubelet read JSON: a key counts in
 * any case, and of several the last one (W2).
 *
 * @param field in lower case
 */
export function goField(object: JsonObject, field: string): JsonValue | undefined {
  let found: JsonValue | undefined;
  for (const key in object) {
    // Most keys differ in length, which takes no folding to see.
    if (key.length === field.length && folded(key) === field) found = object[key];
  }
  return found;
}

/**
 * An object in a field: of several keys that mean the field, each adds to it, as Go decodes each into the same struct.
 * `undefined` where there is none; what is not an object is returned as it is, for the caller to refuse.
 */
export function goStruct(object: JsonObject, field: string): JsonValue | undefined {
  let members: [string, JsonValue | undefined][] | undefined;
  for (const key in object) {
    if (key.length !== field.length || folded(key) !== field) continue;
    const value = object[key];
    if (value === null || value === undefined) continue;
    if (!isObject(value)) return value;
    members = [...(members ?? []), ...Object.entries(value)];
  }
  // A key that is in several of the objects counts where it is last.
  return members === undefined ? undefined : lastOfEach(members);
}

function lastOfEach(members: readonly (readonly [string, JsonValue | undefined])[]): JsonObject {
  const byKey = new Map<string, JsonValue | undefined>();
  for (const [key, value] of members) {
    byKey.delete(key);
    byKey.set(key, value);
  }
  return Object.fromEntries(byKey);
}
