import { isApiError } from '../client/api-error.js';

/** A part of the overview: its value, or why it is unknown. */
export type Part<T> = { readonly known: true; readonly value: T } | Unknown;

/** Why a part is unknown. `absent`: the API server says that it does not exist. */
export interface Unknown {
  readonly known: false;
  readonly cause: 'absent' | 'forbidden' | 'no_answer';
  /** In a few words, for people. */
  readonly why: string;
}

/** A known part. */
export function known<T>(value: T): Part<T> {
  return { known: true, value };
}

/** Reads a part. A refusal by the API server is reported in the part. Rejects with any other error. */
export async function partOf<T>(read: Promise<T>): Promise<Part<T>> {
  try {
    return known(await read);
  } catch (error) {
    if (!isApiError(error)) throw error;
    return unknownOf(error);
  }
}

/** A part made from another one, if that is known. */
export function mapPart<T, U>(part: Part<T>, change: (value: T) => U): Part<U> {
  return part.known ? known(change(part.value)) : part;
}

function unknownOf(error: { readonly status: number; readonly message: string }): Unknown {
  const message = error.message.replace(/^[A-Z]+ \S+: /, '');
  if (error.status === 404) return { known: false, cause: 'absent', why: message };
  if (error.status === 401 || error.status === 403)
    return { known: false, cause: 'forbidden', why: 'forbidden to you' };
  return { known: false, cause: 'no_answer', why: message };
}
