import type { PortKeys } from './port-keys.js';

/** What a step is decided on. */
export interface PortStanding {
  readonly keys: PortKeys;
  /** Fingerprint of the certificate that the leader serves; empty while it is not known. */
  readonly certificate: string;
  /** Whether a replica may answer that knows no tokens. */
  readonly older: boolean;
  /** The key by which every entry of both configurations calls, and for how long that has been known. */
  readonly registered: { readonly key: string | undefined; readonly forMs: number } | undefined;
  /** For how long the leader has known that the next key stands in the Secret. */
  readonly nextForMs: number;
}

/** How long things take to spread. */
export interface PortTerms {
  /** Until every replica knows what the Secret holds. */
  readonly overlapMs: number;
  /** Until every API server calls as the configurations say. */
  readonly settleMs: number;
}

/** What is to be done next. */
export type PortStep = 'none' | 'begin' | 'introduce' | 'promote' | 'retire' | 'ask' | 'stopAsking';

/**
 * Decides what to do with the port's keys. While proof is not asked for, every call is as good as a proven one, so a key may
 * stand in the configurations at once; while it is, a key is accepted by every replica before the API server calls by it, and
 * for a while after the API server does no more.
 */
export function planPort(standing: PortStanding, { overlapMs, settleMs }: PortTerms): PortStep {
  const { keys, certificate, older, registered, nextForMs } = standing;
  // The first key goes with the first certificate.
  if (keys.current === undefined) return certificate === '' ? 'none' : 'begin';
  if (older && keys.asked) return 'stopAsking';
  const hasSettled = registered !== undefined && registered.forMs >= settleMs;
  // Without a token in the configurations, nobody calls by an earlier one either.
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
