import { isAscii } from 'node:buffer';

const key = Buffer.from('"managedFields":[');
const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Parses the body of a review, but for the first list under a key `managedFields`, which comes out empty: the API server's
 * record of who set which field of the pod is two fifths of what it sends, the part that is slowest to parse, and nobody
 * here reads it. Whether that list is JSON in itself is not looked at.
 *
 * @param body UTF-8
 * @throws SyntaxError when it is not JSON
 */
export function parseReview(body: Buffer): unknown {
  // Nearly all of them are ASCII, for which there is a shorter way: from 1 MB on ten times as short.
  const encoding = isAscii(body) ? 'latin1' : 'utf8';
  const start = startOfList(body);
  const end = start === -1 ? -1 : endOfList(body, start);
  if (end === -1) return JSON.parse(body.toString(encoding));
  return JSON.parse(body.toString(encoding, 0, start) + body.toString(encoding, end));
}

/** Where the list's first element would be, or -1. */
function startOfList(body: Buffer): number {
  for (let at = body.indexOf(key); at !== -1; at = body.indexOf(key, at + key.length)) {
    // Behind one of these, in JSON, a quotation mark begins a string: it is no part of a longer key or of a value.
    const before = at > 0 ? body[at - 1] : undefined;
    if (before === comma || before === openBrace) return at + key.length;
  }
  return -1;
}

/** Where the bracket is that closes a list, or -1. */
function endOfList(body: Buffer, start: number): number {
  const { length } = body;
  let depth = 1;
  for (let at = start; at < length; at++) {
    const byte = body[at];
    if (byte === quote) at = endOfString(body, at + 1);
    else if (byte === openBracket || byte === openBrace) depth++;
    else if ((byte === closeBracket || byte === closeBrace) && --depth === 0) return at;
  }
  return -1;
}

function endOfString(body: Buffer, start: number): number {
  const { length } = body;
  let at = start;
  while (at < length && body[at] !== quote) at += body[at] === backslash ? 2 : 1;
  return at;
}
