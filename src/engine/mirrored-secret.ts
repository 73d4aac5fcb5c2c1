import { createHash } from 'node:crypto';
import { longestName } from '../model/object-name.js';

/** Types of Secrets that are copied: of access keys, and of pull secrets. */
export type MirroredType = 'Opaque' | 'kubernetes.io/dockerconfigjson';

/** A key of a Secret in Outrider's namespace, and the Secret that it is copied into in each namespace of a policy. */
export interface MirroredSecret {
  readonly policy: string;
  /** Name of the installation that makes the copy. */
  readonly instance: string;
  /** Of the copy; a pull secret's source has to be of it too. */
  readonly type: MirroredType;
  /** In Outrider's own namespace. */
  readonly source: { readonly name: string; readonly key: string };
  /** Name of the copy; its key is the source's. */
  readonly copy: string;
  /**
   * The name that copies of the same key had in versions whose names did not hold the installation, where that is
   * another one. Containers that restart in pods of those versions still read it.
   */
  readonly earlierCopy?: string;
}

/** The name that an installation has unless it is given another. */
export const usualInstance = 'outrider';

/**
 * Says where a policy's access key is copied to: `INSTANCE-POLICY-HASH`, so that two installations in a cluster write two
 * Secrets (F35), with a hash of the source's name and key, so that another source gets another copy and no pod ever finds
 * the old key under the new name.
 */
export function mirroredSecret(
  policy: string,
  source: { readonly name: string; readonly key: string },
  instance: string = usualInstance,
): MirroredSecret {
  const earlierCopy = nameOf(usualInstance, policy, `${policy}\0${source.name}\0${source.key}`);
  // The name of the usual installation is what it always was: most clusters have nothing to move.
  const type = 'Opaque';
  if (instance === usualInstance) return { policy, instance, type, source, copy: earlierCopy };
  const copy = nameOf(instance, policy, `${policy}\0${source.name}\0${source.key}\0${instance}`);
  return { policy, instance, type, source, copy, earlierCopy };
}

/** The one key of a pull secret, as `kubectl create secret docker-registry` makes it. */
const pullSecretKey = '.dockerconfigjson';

/** The same for a pull secret of the agent's image. */
export function mirroredPullSecret(policy: string, name: string, instance: string = usualInstance): MirroredSecret {
  const type = 'kubernetes.io/dockerconfigjson';
  const source = { name, key: pullSecretKey };
  const copy = nameOf(instance, policy, [policy, name, pullSecretKey, type, instance].join('\0'));
  return { policy, instance, type, source, copy };
}

/** The hash tells apart what has to be cut. */
function nameOf(instance: string, policy: string, hashed: string): string {
  const hash = createHash('sha256').update(hashed).digest('hex').slice(0, 10);
  const room = longestName - `${instance}--`.length - hash.length;
  return `${instance}-${policy.slice(0, room).replace(/[-.]+$/, '')}-${hash}`;
}
