import { createHmac } from 'node:crypto';

/** The characters of a token: 224 bits, and short enough for a label of DNS, which a segment of a Service's path has to be. */
const tokenLength = 56;
const atEnd = new RegExp(`/[0-9a-f]{${tokenLength}}$`);
const anywhere = new RegExp(`(?<=/(?:mutate|validate)/[a-z-]+/)[0-9a-f]{${tokenLength}}(?![0-9a-f])`, 'g');

/**
 * What the API server shows at one door. Each door has its own, and none tells another: where a call fails that must not,
 * the API server prints the path to whoever asked for the object.
 *
 * @param key of the installation
 * @param path the door's
 */
export function tokenOf(key: string, path: string): string {
  return createHmac('sha256', key).update(path).digest('hex').slice(0, tokenLength);
}

/** Where a door is called with its token; without a key, its plain path. */
export function provenPath(path: string, key: string | undefined): string {
  return key === undefined ? path : `${path}/${tokenOf(key, path)}`;
}

/** Whether a path, or a URL without a query, ends with a token, of whatever key. */
export function carriesToken(path: string): boolean {
  return atEnd.test(path);
}

/** A text in which the API server may have printed where it called, without tokens. */
export function withoutTokens(text: string): string {
  return text.replace(anywhere, '…');
}
