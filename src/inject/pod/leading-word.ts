import type { Finding } from '../../model/decision.js';
import { isObject, listOf, type JsonObject } from '../../model/json.js';
import { entrypointIsOption, isOption } from '../argv.js';

/** A word that begins with a reference to a variable, as the kubelet expands it in a Pod. */
const reference = /^\$\(([^)]*)\)/;

/**
 * What keeps a pod's word from coming first after a wrapper that takes options: it looks like an option, or may after the
 * kubelet has filled in a variable (F11).
 *
 * @param container whose variables the kubelet fills in
 * @param enforced whether a variable whose value is not in the pod counts against the word, too
 */
export function optionIn(word: string, container: JsonObject, enforced: boolean): Finding | undefined {
  let rest = word;
  for (;;) {
    if (isOption(rest)) return entrypointIsOption(word);
    // Nearly no word does, and a regular expression search allocates lists.
    if (!rest.startsWith('$')) return undefined;
    const [text, name] = reference.exec(rest) ?? [];
    if (text === undefined || name === undefined) return undefined;
    const value = valueOf(container, name);
    if (value === 'unknown') return enforced ? unknownValue(word, name) : undefined;
    if (value === undefined || value.text.startsWith('$('))
      return value && enforced ? unknownValue(word, name) : undefined;
    if (value.text !== '') return isOption(value.text) ? entrypointIsOption(word) : undefined;
    rest = rest.slice(text.length);
  }
}

function unknownValue(word: string, name: string): Finding {
  const detail = `${word} may be an option of the tracer’s: the value of ${name} is not in the pod`;
  return { reason: 'entrypoint_is_option', detail };
}

/** A variable of a container; `undefined` if the kubelet knows none and leaves the reference as it is. */
function valueOf({ env, envFrom }: JsonObject, name: string): { readonly text: string } | 'unknown' | undefined {
  const entry = listOf(env).findLast((item) => isObject(item) && item['name'] === name);
  if (!isObject(entry)) return listOf(envFrom).length > 0 ? 'unknown' : undefined;
  if (entry['valueFrom'] !== undefined && entry['valueFrom'] !== null) return 'unknown';
  const text = entry['value'] ?? '';
  return typeof text === 'string' ? { text } : 'unknown';
}
