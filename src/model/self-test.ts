import { objectOf, parsedJson, stringOf, type JsonObject } from './json.js';

/** Key in the self-test's ConfigMap under which its nonce stands. */
const nonceKey = 'nonce';

/** Who answered a self-test, and which one. */
export interface SelfTestAnswer {
  /** Name of the replica. */
  readonly identity: string;
  readonly nonce: string;
}

/** What a self-test's ConfigMap holds. */
export function selfTestData(nonce: string): JsonObject {
  return { [nonceKey]: nonce };
}

/** The nonce of a self-test's ConfigMap; empty when there is none. */
export function nonceOf(configMap: JsonObject): string {
  return stringOf(objectOf(configMap['data'])?.[nonceKey]) ?? '';
}

/** The annotation by which the webhook answers. */
export function writeAnswer({ identity, nonce }: SelfTestAnswer): string {
  return JSON.stringify({ identity, nonce });
}

/** Reads the annotation; `undefined` when it is no answer. */
export function readAnswer(text: string): SelfTestAnswer | undefined {
  const value = objectOf(parsedJson(text));
  const identity = stringOf(value?.['identity']);
  const nonce = stringOf(value?.['nonce']);
  return identity === undefined || nonce === undefined ? undefined : { identity, nonce };
}
