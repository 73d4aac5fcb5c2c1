import { isApiError } from '../client/api-error.js';

/** A part of what is looked at: what it is, or why it is not known. */
export type Part<T> = { readonly known: true; readonly value: T } | Unknown;

/** Why a part is not known. `absent`: the API server says that there is no such thing. */
export interface Unknown {
  readonly known: false;
  readonly cause: 'absent' | 'forbidden' | 'no_answer';
  /** In a few words, for people. */
  readonly why: string;
}

/** A part that is known. */
export function known<T>(value: T): Part<T> {
  return { known: true, value };
}

/** Reads a part; what the API server refuses is said in it. Rejects for what is no `ApiError`. */
export async function partOf<T>(read: Promise<T>): Promise<Part<T>> {
  try {
    return known(await read);
  } catch (error) {
    if (!isApiError(error)) throw error;
    return unknownOf(error);
  }
}

/** A part made of another, where that is known. */
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
