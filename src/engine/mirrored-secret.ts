import { createHash } from 'node:crypto';
import { longestName } from '../model/object-name.js';

/** A key of a Secret in Outrider's namespace, and the Secret that it is copied into in each namespace of a policy. */
export interface MirroredSecret {
  readonly policy: string;
  /** In Outrider's own namespace. */
  readonly source: { readonly name: string; readonly key: string };
  /** Name of the copy; its key is the source's. */
  readonly copy: string;
}

/**
 * Says where a policy's access key is copied to: `outrider-POLICY-HASH`, with a hash of the source's name and key, so
 * that another source gets another copy and no pod ever finds the old key under the new name.
 */
export function mirroredSecret(
  policy: string,
  source: { readonly name: string; readonly key: string },
): MirroredSecret {
  // The policy's name is in it too: it may be cut below.
  const hash = createHash('sha256').update(`${policy}\0${source.name}\0${source.key}`).digest('hex').slice(0, 10);
  const room = longestName - 'outrider--'.length - hash.length;
  const name = policy.slice(0, room).replace(/[-.]+$/, '');
  return { policy, source, copy: `outrider-${name}-${hash}` };
}
