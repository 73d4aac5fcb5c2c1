/**
 * The hash of a webhook configuration, as the last segment of the path at which the self-test is called: an answer that names
 * it proves that the API server which called has loaded that very object.
 */

/** Hex digits: 128 bits, fewer than a token has, so that neither is taken for the other. */
export const objectHashLength = 32;
const whole = new RegExp(`^[0-9a-f]{${objectHashLength}}$`);
const atEnd = new RegExp(`/([0-9a-f]{${objectHashLength}})$`);

/** Whether a segment of a path has the form of such a hash. */
export function isObjectHash(segment: string): boolean {
  return whole.test(segment);
}

/** A path, or a URL without a query, that names the object after it; without a hash as it is. */
export function withObjectHash(path: string, hash: string | undefined): string {
  return hash === undefined ? path : `${path}/${hash}`;
}

/** The same without the hash. */
export function withoutObjectHash(path: string): string {
  return path.replace(atEnd, '');
}

/** The hash that a path, or a URL without a query, ends with; `undefined`: none. */
export function objectHashAt(path: string): string | undefined {
  return atEnd.exec(path)?.[1];
}
