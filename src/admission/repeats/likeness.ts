/**
 * What makes two reviews alike: all their bytes, except for what the API server generates for each review and what is
 * not read here. Made up are the review's uid and the name of the pod's token volume, where it is that volume's and its
 * mounts'; not read are the user and the managed fields.
 */
import type { Skipped } from '../review-json.js';

/** Begins the name of the volume that the ServiceAccount plug-in gives to each pod. */
export const tokenVolume = 'kube-api-access-';

const start = Buffer.from('{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"');
const uidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const endOfUid = start.length + 36;
const quote = 0x22;
const generateName = Buffer.from('"generateName":"');
// As much of a body as tells most templates from each other: the name, the namespace and the first labels.
const hintBytes = 120;
const quoted = '{"name":"';
const namedToken = Buffer.from(`${quoted}${tokenVolume}`);
// What is after the name of the plug-in's volume, and of a mount of it.
const endings = ['","projected":', '","readOnly":true,"mountPath":', '","mountPath":'].map((text) => Buffer.from(text));
const longestEnding = Math.max(...endings.map(({ length }) => length));
const namePattern = /^kube-api-access-[a-z0-9]{5}"$/;
const nameBytes = tokenVolume.length + 5;

/** The uid of a review whose body begins as an API server's does. */
export function uidOf(body: Buffer): string | undefined {
  if (body[endOfUid] !== quote || start.compare(body, 0, start.length) !== 0) return undefined;
  const uid = body.toString('latin1', start.length, endOfUid);
  return uidPattern.test(uid) ? uid : undefined;
}

/** What similar reviews have in common and few others have; `undefined` for a pod that is not a template's. */
export function hintOf(body: Buffer, { listFrom }: Skipped): string | undefined {
  const at = body.indexOf(generateName, endOfUid);
  if (at === -1 || (listFrom !== -1 && at + hintBytes > listFrom)) return undefined;
  return body.toString('latin1', at + generateName.length, at + hintBytes);
}

/** A part of a body that may differ between alike reviews: what is skipped, or the name of the token's volume. */
interface Cut {
  readonly kind: 'user' | 'list' | 'name';
  readonly from: number;
  readonly to: number;
}

/** A review's body, for others to be compared with it. */
export class Likeness {
  readonly #body: Buffer;
  /** In the order of the body. */
  readonly #cuts: readonly Cut[];
  readonly #names: number;

  /** @param body one that `uidOf` knows; it is copied */
  constructor(body: Buffer, skipped: Skipped) {
    this.#body = Buffer.from(body);
    this.#cuts = cutsOf(this.#body, skipped);
    this.#names = this.#cuts.filter(({ kind }) => kind === 'name').length;
  }

  /** Its size in bytes. */
  get size(): number {
    return this.#body.length;
  }

  /**
   * Whether a body is alike. Then it says what the kept one says with one name for another: each place where its name stands is
   * one where the other's stood, so that whatever compares that name with other words finds the same.
   */
  has(body: Buffer, skipped: Skipped): boolean {
    // Both bodies are compared side by side, from cut to cut.
    let mine = endOfUid;
    let its = endOfUid;
    let name = -1;
    for (const { kind, from, to } of this.#cuts) {
      const itsFrom = its + from - mine;
      // Node throws if the end is past the end of the buffer.
      if (itsFrom + (kind === 'name' ? nameBytes : 0) > body.length) return false;
      if (this.#body.compare(body, its, itsFrom, mine, from) !== 0) return false;
      its = itsFrom + to - from;
      mine = to;
      if (kind === 'name') {
        if (name === -1) name = itsFrom;
        else if (body.compare(body, name, name + nameBytes, itsFrom, its) !== 0) return false;
        continue;
      }
      const isUser = kind === 'user';
      if ((isUser ? skipped.userFrom : skipped.listFrom) !== itsFrom) return false;
      its = isUser ? skipped.userTo : skipped.listTo;
    }
    if (this.#body.compare(body, its, body.length, mine, this.#body.length) !== 0) return false;
    return this.#hasAllSkipped(skipped) && (name === -1 || this.#isNowhereElse(body, name, skipped));
  }

  /** Whether all that is skipped of a body is cut out of this one too. */
  #hasAllSkipped({ userFrom, listFrom }: Skipped): boolean {
    return (userFrom === -1 ? 0 : 1) + (listFrom === -1 ? 0 : 1) === this.#cuts.length - this.#names;
  }

  /** Whether the name is valid, and occurs as often as the kept one. */
  #isNowhereElse(body: Buffer, first: number, skipped: Skipped): boolean {
    if (!namePattern.test(body.toString('latin1', first, first + nameBytes + 1))) return false;
    const name = body.subarray(first, first + nameBytes);
    let places = 0;
    for (
      let at = nextRead(body, name, endOfUid, skipped);
      at !== -1;
      at = nextRead(body, name, at + nameBytes, skipped)
    ) {
      places++;
    }
    return places === this.#names;
  }
}

function cutsOf(body: Buffer, skipped: Skipped): readonly Cut[] {
  const { userFrom, userTo, listFrom, listTo } = skipped;
  const cuts: Cut[] = [];
  if (userFrom !== -1) cuts.push({ kind: 'user', from: userFrom, to: userTo });
  if (listFrom !== -1) cuts.push({ kind: 'list', from: listFrom, to: listTo });
  for (const from of namesOf(body, skipped)) cuts.push({ kind: 'name', from, to: from + nameBytes });
  return cuts.sort((one, other) => one.from - other.from);
}

/**
 * The places of the name of the token's volume. None where it is also something else, such as an image, a namespace or a
 * label's value: what a decision asks about that would be asked by the name in the kept review.
 */
function namesOf(body: Buffer, skipped: Skipped): readonly number[] {
  const first = nextRead(body, namedToken, endOfUid, skipped) + quoted.length;
  if (first < quoted.length || !namePattern.test(body.toString('latin1', first, first + nameBytes + 1))) return [];
  const name = body.subarray(first, first + nameBytes);
  const places: number[] = [];
  for (
    let at = nextRead(body, name, endOfUid, skipped);
    at !== -1;
    at = nextRead(body, name, at + nameBytes, skipped)
  ) {
    if (!isNameOfVolume(body, at)) return [];
    places.push(at);
  }
  return places;
}

function isNameOfVolume(body: Buffer, at: number): boolean {
  if (namedToken.compare(body, at - quoted.length, at - quoted.length + namedToken.length) !== 0) return false;
  const behind = body.subarray(at + nameBytes, at + nameBytes + longestEnding);
  return endings.some((ending) => behind.indexOf(ending) === 0);
}

/** The next place of some bytes outside of what is skipped, or -1. */
function nextRead(body: Buffer, bytes: Buffer, from: number, { userFrom, userTo, listFrom, listTo }: Skipped): number {
  let at = body.indexOf(bytes, from);
  if (at !== -1 && at >= userFrom && at < userTo) at = body.indexOf(bytes, userTo);
  return at !== -1 && at >= listFrom && at < listTo ? body.indexOf(bytes, listTo) : at;
}
