import { asError } from '../../time/as-error.js';
import { isApiError } from '../client/api-error.js';
import type { Owner } from '../registration/webhook-configuration.js';
import type { Live, Placed } from './place-policies.js';
import { idOf, type PolicyObject } from './policy-object.js';
import type { Term } from './term.js';

/** What is to be in force, and what is there. */
export interface ToCarryOut {
  readonly placed: readonly Placed[];
  readonly live: Live;
  readonly owner: Owner;
  readonly signal: AbortSignal;
}

/** Called for each policy that the API server refuses. */
export type OnRefused = (policy: string, error: Error) => void;

/**
 * Writes the policies that judge, and finds out whether they are in force.
 * @returns the selectors, by policy, for which they are
 * @throws ApiError; also if there is no proof
 */
export async function judge(term: Term, work: ToCarryOut, onRefused: OnRefused): Promise<Map<string, string>> {
  const { placed, live, owner, signal } = work;
  const judging: Placed[] = [];
  for (const one of placed) {
    if (one.judging.length > 0 && (await put(term, work, one, one.judging, onRefused))) judging.push(one);
  }
  if (judging.length === 0) return new Map();
  const written = judging.flatMap((one) => one.judging);
  await term.proof.prove(written, live, owner, signal);
  return new Map(judging.map(({ policy: { name, key } }) => [name, key]));
}

/**
 * Writes the policies that instrument, of those whose judge was accepted.
 * @returns what the API server accepted
 * @throws ApiError
 */
export async function instrument(term: Term, work: ToCarryOut, onRefused: OnRefused): Promise<readonly PolicyObject[]> {
  const written: PolicyObject[] = [];
  for (const one of work.placed) {
    if (one.judging.length > 0 && term.refusals.wordsOf(one.policy.name) !== undefined) continue;
    if (await put(term, work, one, one.mutating, onRefused)) written.push(...one.mutating);
  }
  return written;
}

/**
 * Finds out whether the policies that instrument are in force. Nothing hangs on it but what is said: the webhook does what an
 * API server does not.
 * @returns why it is not known; `undefined` if they are
 */
export async function whyUnproven(
  { instrumentingProof }: Term,
  written: readonly PolicyObject[],
  { live, owner, signal }: ToCarryOut,
): Promise<string | undefined> {
  if (written.length === 0) return undefined;
  try {
    await instrumentingProof.prove(written, live, owner, signal);
    return undefined;
  } catch (error) {
    return asError(error).message;
  }
}

/** Writes some of a policy's objects. @returns whether the API server accepted them */
async function put(
  { refusals, writer, proof, instrumentingProof }: Term,
  { live, owner, signal }: ToCarryOut,
  { policy }: Placed,
  objects: readonly PolicyObject[],
  onRefused: OnRefused,
): Promise<boolean> {
  try {
    for (const object of objects) {
      if (!(await writer.write(object, live.get(idOf(object))?.object, owner, signal))) continue;
      proof.doubt();
      instrumentingProof.doubt();
    }
    refusals.clear(policy.name);
    return true;
  } catch (error) {
    if (!isApiError(error, 'Invalid')) throw error;
    refusals.note(policy.name, error.message);
    onRefused(policy.name, error);
    return false;
  }
}
