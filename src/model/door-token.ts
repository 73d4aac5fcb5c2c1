import { createHmac } from 'node:crypto';

/** The characters of a token: 224 bits, and short enough for a label of DNS, which a segment of a Service's path has to be. */
const tokenLength = 56;
const atEnd = new RegExp(`/[0-9a-f]{${tokenLength}}$`);
const anywhere = new RegExp(`(?<=/(?:mutate|validate)/[a-z-]+/)[0-9a-f]{${tokenLength}}(?![0-9a-f])`, 'g');

/**
 * The token that the API server shows at one door. Each door has its own, and none reveals another: if a call fails
 * under failurePolicy Fail, the API server shows the path to the person who made the request.
 *
 * @param key of the installation
 * @param path the door's
 */
export function tokenOf(key: string, path: string): string {
  return createHmac('sha256', key).update(path).digest('hex').slice(0, tokenLength);
}

/** The path of a door with its token; without a key, the plain path. */
export function provenPath(path: string, key: string | undefined): string {
  return key === undefined ? path : `${path}/${tokenOf(key, path)}`;
}

/** Whether a path, or a URL without a query, ends with a token, of whatever key. */
export function carriesToken(path: string): boolean {
  return atEnd.test(path);
}

/** Removes tokens from a text in which the API server may have printed the path that it called. */
export function withoutTokens(text: string): string {
  return text.replace(anywhere, '…');
}
