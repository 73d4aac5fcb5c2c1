import { createHmac } from 'node:crypto';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';

/**
 * Version of one key of a Secret, as it is written on pods and on copies: a keyed hash of the value, with the Secret's
 * uid for its key. It changes with the value and with nothing else, and someone who can read pods but not Secrets
 * cannot test guesses against it, since the uid is random and is in the Secret alone.
 *
 * @returns `undefined` when the Secret has no such key
 */
export function credentialsVersion(secret: JsonObject, key: string): string | undefined {
  const data = objectOf(secret['data']);
  const value = data !== undefined && Object.hasOwn(data, key) ? stringOf(data[key]) : undefined;
  return value === undefined ? undefined : versionOfValue(stringOf(objectOf(secret['metadata'])?.['uid']) ?? '', value);
}

/** The version that a value has, or had, in the Secret of this uid. @param value base64, as the API server has it */
export function versionOfValue(uid: string, value: string): string {
  return createHmac('sha256', uid).update(value).digest('hex').slice(0, 12);
}
