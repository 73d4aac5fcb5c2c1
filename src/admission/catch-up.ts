import type { Door } from '../model/decision.js';
import type { Call, DoorOptions } from './door-options.js';

/**
 * Reads a namespace and the policies live. Where they cannot be read, the mutating door uses what is known.
 * @throws at the validating door, so that the failure policy of the entry that called decides
 */
export async function catchUp(
  verb: Door,
  { namespace, uid }: { readonly namespace: string; readonly uid: string },
  { reread, onFailure }: Pick<DoorOptions, 'reread' | 'onFailure'>,
  { signal }: Call,
): Promise<void> {
  try {
    await reread?.(namespace, signal);
  } catch (error) {
    if (verb === 'validate') throw error;
    onFailure(error, uid);
  }
}
