import { isAscii } from 'node:buffer';

const key = Buffer.from('"managedFields":[');
const ending = Buffer.from(']},"spec":');
const userKey = Buffer.from(',"userInfo":{');
const behindUser = Buffer.from('},"object":{');
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** The parts of a review's body that are skipped, as offsets from and to. Both are -1 if nothing is skipped. */
export interface Skipped {
  readonly userFrom: number;
  readonly userTo: number;
  readonly listFrom: number;
  readonly listTo: number;
}

/**
 * Finds the parts that are long, slow to parse and not read here: what is in `metadata.managedFields`, two fifths of a
 * body, and `request.userInfo`. Both are only skipped where they stand as in an API server's JSON: the list last in the
 * metadata and in front of the spec, the user in front of the object. Whether they are valid JSON is not checked.
 *
 * @param body UTF-8
 * @param keepsUser whether the user is read, too
 */
export function skippedOf(body: Buffer, keepsUser = false): Skipped {
  const start = startOfList(body);
  const end = start === -1 ? -1 : endOfList(body, start);
  const user = keepsUser ? -1 : body.indexOf(userKey);
  const afterUser = user === -1 || (end !== -1 && user > start) ? -1 : endOfUser(body, user);
  return {
    userFrom: afterUser === -1 ? -1 : user,
    userTo: afterUser,
    listFrom: end === -1 ? -1 : start,
    listTo: end,
  };
}

/**
 * Parses the body of a review, except for what is skipped: managed fields come out empty, and the user not at all.
 *
 * @throws SyntaxError when it is not JSON
 */
export function parseReview(body: Buffer, skipped: Skipped = skippedOf(body)): unknown {
  if (skipped.userFrom === -1) return JSON.parse(textOf(body, skipped));
  try {
    return JSON.parse(textOf(body, skipped));
  } catch {
    // Not an API server's: what was taken for the end of the user is elsewhere.
    return JSON.parse(textOf(body, { ...skipped, userFrom: -1, userTo: -1 }));
  }
}

/** The body as text, without what is skipped. */
export function textOf(body: Buffer, { userFrom, userTo, listFrom, listTo }: Skipped): string {
  // Nearly all bodies are ASCII, which decodes faster: from 1 MB on, ten times as fast.
  const encoding = isAscii(body) ? 'latin1' : 'utf8';
  const text = (from: number): string =>
    listFrom === -1 || from >= listFrom
      ? body.toString(encoding, from)
      : body.toString(encoding, from, listFrom) + body.toString(encoding, listTo);
  return userFrom === -1 ? text(0) : body.toString(encoding, 0, userFrom) + text(userTo);
}

/**
 * The offset after the brace that closes the user, or -1 if the braces alone do not tell. Strings have their quotes
 * escaped, so what is found is outside of them: with no brace opened in between it closes the user, and with one, the
 * user's `extra`, only together with the brace before it.
 */
function endOfUser(body: Buffer, user: number): number {
  const from = user + userKey.length;
  const at = body.indexOf(behindUser, from);
  if (at === -1) return -1;
  const opened = body.indexOf(openBrace, from);
  if (opened >= at) return at + 1;
  return body.indexOf(openBrace, opened + 1) >= at && body[at - 1] === closeBrace ? at + 1 : -1;
}

/** The offset of the list's first element, or -1. */
function startOfList(body: Buffer): number {
  const at = body.indexOf(key);
  // After one of these, in JSON, a quotation mark begins a string: this is no part of a longer key or of a value.
  const before = at > 0 ? body[at - 1] : undefined;
  return before === comma || before === openBrace ? at + key.length : -1;
}

/** The offset of the bracket that closes the list, or -1 if the brackets alone do not tell. */
function endOfList(body: Buffer, start: number): number {
  const at = body.indexOf(ending, start);
  // This bracket is not inside a string: the quotation mark after it would end that string, and only punctuation could
  // follow. With no other bracket before it, it closes the list.
  if (at === -1 || body.indexOf(closeBracket, start) !== at) return -1;
  const opened = body.indexOf(openBracket, start);
  return opened === -1 || opened > at ? at : -1;
}
