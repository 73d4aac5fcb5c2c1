/** Converts a thrown value to an Error: anything can be thrown, and an AbortSignal's reason can be anything. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
}
