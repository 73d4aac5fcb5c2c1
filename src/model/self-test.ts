import { objectOf, parsedJson, stringOf, type JsonObject } from './json.js';
import { isObjectHash } from './object-hash.js';

/** Key in the self-test's ConfigMap under which its nonce stands. */
const nonceKey = 'nonce';

/** Who answered a self-test, which one, and by which configuration it was called. */
export interface SelfTestAnswer {
  /** Name of the replica. */
  readonly identity: string;
  readonly nonce: string;
  /** Hash of the webhook configuration that the API server called by; `undefined`: the path named none. */
  readonly objectHash?: string | undefined;
}

/** What a self-test's ConfigMap holds. */
export function selfTestData(nonce: string): JsonObject {
  return { [nonceKey]: nonce };
}

/** The nonce of a self-test's ConfigMap; empty when there is none. */
export function nonceOf(configMap: JsonObject): string {
  return stringOf(objectOf(configMap['data'])?.[nonceKey]) ?? '';
}

/** The annotation by which the mutating door answers. */
export function writeAnswer({ identity, nonce, objectHash }: SelfTestAnswer): string {
  return JSON.stringify({ identity, nonce, ...(objectHash === undefined ? {} : { objectHash }) });
}

/** Reads the annotation; `undefined` when it is not an answer. */
export function readAnswer(text: string): SelfTestAnswer | undefined {
  const value = objectOf(parsedJson(text));
  const identity = stringOf(value?.['identity']);
  const nonce = stringOf(value?.['nonce']);
  if (identity === undefined || nonce === undefined) return undefined;
  const objectHash = stringOf(value?.['objectHash']);
  return { identity, nonce, ...(objectHash !== undefined && isObjectHash(objectHash) ? { objectHash } : {}) };
}

const warningStart = 'outrider self-test';
// What is put into a header of the API server's answer is of characters that need no quoting there.
const plainNonce = /^[\w-]{1,64}$/;

/**
 * The warning by which the validating door answers, which can change nothing; `undefined` where there is nothing to say.
 * @param nonce as the object has it, no matter who made it
 */
export function answeringWarning(nonce: string, objectHash: string | undefined): string | undefined {
  return objectHash === undefined || !plainNonce.test(nonce) ? undefined : `${warningStart} ${nonce} ${objectHash}`;
}

/**
 * The hash in the warning for this nonce, among the warnings of an answer of the API server.
 * @param headers values of the header `Warning`
 */
export function hashInWarnings(headers: readonly string[], nonce: string): string | undefined {
  const start = `${warningStart} ${nonce} `;
  for (const header of headers) {
    const at = header.indexOf(start);
    const hash = /^[0-9a-f]+/.exec(at === -1 ? '' : header.slice(at + start.length))?.[0];
    if (hash !== undefined && isObjectHash(hash)) return hash;
  }
  return undefined;
}
