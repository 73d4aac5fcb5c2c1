/** Why the system did not do something, in a word: its code, such as `ENOENT`. For another error, its text. */
export function systemReason(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/** Whether the system did not do something for the reason that this code stands for. */
export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
