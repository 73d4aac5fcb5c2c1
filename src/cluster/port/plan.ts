import type { PortKeys } from './port-keys.js';

/** What decides a step. */
export interface PortStanding {
  readonly keys: PortKeys;
  /** Fingerprint of the certificate that the leader serves; empty while it is not known. */
  readonly certificate: string;
  /** Whether a replica that does not know tokens may answer. */
  readonly older: boolean;
  /** The key whose tokens every entry of both configurations carries, and how long that has been known. */
  readonly registered: { readonly key: string | undefined; readonly forMs: number } | undefined;
  /** How long the leader has known that the next key is in the Secret. */
  readonly nextForMs: number;
}

/** How long things take to spread. */
export interface PortTerms {
  /** The time until every replica knows what the Secret holds. */
  readonly overlapMs: number;
  /** The time until every API server calls as the configurations say. */
  readonly settleMs: number;
}

/** The next step. */
export type PortStep = 'none' | 'begin' | 'introduce' | 'promote' | 'retire' | 'ask' | 'stopAsking';

/**
 * Decides what to do with the port's keys. While no proof is required, every call counts as proven, so a key can be put into
 * the configurations at once. While proof is required, every replica accepts a key before the API server uses it, and for a
 * while after the API server has stopped using it.
 */
export function planPort(standing: PortStanding, { overlapMs, settleMs }: PortTerms): PortStep {
  const { keys, certificate, older, registered, nextForMs } = standing;
  // The first key goes with the first certificate.
  if (keys.current === undefined) return certificate === '' ? 'none' : 'begin';
  if (older && keys.asked) return 'stopAsking';
  const hasSettled = registered !== undefined && registered.forMs >= settleMs;
  // If the configurations have no token, no call uses an earlier one either.
  const isRegistered = hasSettled && registered.key === keys.current;
  const isPlain = hasSettled && registered.key === undefined;
  if (keys.previous !== undefined) {
    if (isRegistered || isPlain) return 'retire';
  } else if (keys.next !== undefined && (!keys.asked || nextForMs >= overlapMs)) return 'promote';
  if (!older && !keys.asked && isRegistered) return 'ask';
  const isOfCertificate = certificate === '' || certificate === keys.certificate;
  return isOfCertificate || keys.next !== undefined || keys.previous !== undefined ? 'none' : 'introduce';
}

/**
 * The keys after a step.
 * @param makeKey 32 random bytes, hex
 */
export function keysAfter(
  step: PortStep,
  { keys, certificate }: Pick<PortStanding, 'keys' | 'certificate'>,
  makeKey: () => string,
): PortKeys {
  switch (step) {
    case 'begin':
      return { ...keys, current: keys.next ?? makeKey(), next: undefined, asked: false, certificate };
    case 'introduce':
      return { ...keys, next: makeKey(), certificate };
    case 'promote':
      return { ...keys, current: keys.next, next: undefined, previous: keys.current };
    case 'retire':
      return { ...keys, previous: undefined };
    case 'ask':
      return { ...keys, asked: true };
    case 'stopAsking':
      return { ...keys, asked: false };
    case 'none':
      return keys;
  }
}
