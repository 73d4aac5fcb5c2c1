import { forever } from '../../cluster/registration/pause-marker.js';
import type { KeyState } from './engine.js';

// What `explain` and `status` say in the same words.

/** The command that makes the Secret of an access key. */
export function createSecret({ namespace, name, key }: Omit<KeyState, 'state'>): string {
  return `kubectl -n ${namespace} create secret generic ${name} --from-literal=${key}=YOUR_ACCESS_KEY`;
}

/** Until when a pause holds, and why, for people. */
export function pauseText({ until, reason }: { readonly until: string; readonly reason?: string | undefined }): string {
  const text = until === forever ? 'until it is resumed' : `until ${until}`;
  return reason === undefined ? text : `${text} (${reason})`;
}
