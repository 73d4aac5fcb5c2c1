/** Codes of the errors that end in a message to a person: docs/errors.md says of each what causes it and what helps. */
export type ErrorCode =
  | 'usage'
  | 'file_unreadable'
  | 'file_unwritable'
  | 'document_invalid'
  | 'policy_invalid'
  | 'profile_invalid'
  | 'profile_unknown'
  | 'settings_invalid'
  | 'image_map_invalid'
  | 'manifest_invalid'
  | 'undo_missing'
  | 'undo_stale'
  | 'certificate_invalid'
  | 'listen_failed'
  | 'cluster_unavailable'
  | 'review_invalid'
  | 'internal'
  | 'registry_config_invalid';

/** An error that a person can act on: what is wrong, where, and what to do. Callers match on `code`. */
export class OutriderError extends Error {
  override readonly name = 'OutriderError';
  readonly code: ErrorCode;
  /** File or other source the error is about. */
  readonly file: string | undefined;
  /** Path of the field inside the document, such as `spec.match.podSelector`. */
  readonly field: string | undefined;

  constructor(code: ErrorCode, message: string, where: { file?: string; field?: string; cause?: unknown } = {}) {
    super(message, where.cause === undefined ? undefined : { cause: where.cause });
    this.code = code;
    this.file = where.file;
    this.field = where.field;
  }
}
