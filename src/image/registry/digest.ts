import { createHash } from 'node:crypto';

/** Hex digits of each algorithm that the OCI image-spec registers and that can be verified here. */
const hexDigits: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/** True for a digest that can be verified: `sha256:`, `sha384:` or `sha512:` and lower-case hex of the right length. */
export function isDigest(text: string): boolean {
  const colon = text.indexOf(':');
  const algorithm = text.slice(0, Math.max(colon, 0));
  const digits = Object.hasOwn(hexDigits, algorithm) ? hexDigits[algorithm] : undefined;
  return digits !== undefined && text.length === colon + 1 + digits && /^[0-9a-f]+$/.test(text.slice(colon + 1));
}

/** The digest of the bytes by one algorithm, `ALGORITHM:HEX`. */
export function digestOf(bytes: Uint8Array, algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/** True when the bytes have this digest; false also for a digest that is none. */
export function hasDigest(bytes: Uint8Array, digest: string): boolean {
  return isDigest(digest) && digestOf(bytes, digest.slice(0, digest.indexOf(':'))) === digest;
}
