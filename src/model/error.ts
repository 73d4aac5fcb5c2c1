interface ErrorText {
  /** What brings the error about. */
  readonly cause: string;
  /** What to do about it. */
  readonly remedy: string;
}

const table = {
  usage: {
    cause:
      'A command line, an environment variable or a settings file asks for something that does not exist or does not fit.',
    remedy: 'Fix what the message names; `--help` and [settings](reference/settings.md) list what is allowed.',
  },
  file_unreadable: {
    cause: 'A file or folder is not there, or may not be read.',
    remedy: 'Give another path, or the right to read it.',
  },
  file_unwritable: {
    cause: 'A file cannot be written, or was changed by somebody else meanwhile. Nothing was half written.',
    remedy: 'Give another path, the right to write, or room on the disk.',
  },
  document_invalid: {
    cause: 'A file of a configuration is no good YAML or JSON, or holds a document of an unknown kind.',
    remedy: 'Fix the place that the message names.',
  },
  policy_invalid: {
    cause: 'An InstrumentationPolicy does not have the form of one.',
    remedy: 'Compare the field with [the reference](reference/policy.md).',
  },
  profile_invalid: {
    cause: 'An InstrumentationProfile does not have the form of one, or does not fit together.',
    remedy: 'Compare the field with [the reference](reference/profile.md).',
  },
  profile_unknown: {
    cause: 'A policy names a profile that does not exist.',
    remedy: 'Use a built-in profile, or add the InstrumentationProfile to the configuration.',
  },
  settings_invalid: {
    cause: 'A setting of a profile is missing, unknown or not allowed.',
    remedy: 'Compare it with [the profile’s settings](reference/profile-settings.md).',
  },
  image_map_invalid: {
    cause: 'An image map does not have the form of one.',
    remedy: 'Compare it with [the reference](reference/image-map.md).',
  },
  registry_config_invalid: {
    cause: 'A registry configuration does not have the form of one.',
    remedy: 'Compare it with [the reference](reference/registry-configuration.md).',
  },
  policy_test_invalid: {
    cause: 'A PolicyTest does not have the form of one, or names a policy or resource that is not there.',
    remedy: 'Compare it with [the reference](reference/policy-test.md).',
  },
  function_config_invalid: {
    cause: 'What `fn` or a pipeline gives as `functionConfig` does not have the form of one.',
    remedy: 'Compare it with [the reference](reference/instrument-function.md).',
  },
  manifest_invalid: {
    cause: 'A manifest, task definition or template has broken syntax, or not the shape of what it says it is.',
    remedy: 'Fix the line that the message names; nothing was changed.',
  },
  undo_missing: {
    cause: '`uninject` meets a manifest without a record of an injection.',
    remedy: 'Only what `inject` wrote has one; go back to the manifest’s source.',
  },
  undo_stale: {
    cause: 'The manifest was edited after `inject`, in a place that would have to be taken back.',
    remedy: 'Undo that edit and run again, or take the instrumentation out by hand.',
  },
  certificate_invalid: {
    cause: 'A certificate or key is no PEM, has expired, or the two do not belong together.',
    remedy: 'Give a matching pair; an old one goes on being served meanwhile.',
  },
  listen_failed: {
    cause: 'A port cannot be opened.',
    remedy: 'Give another port, or end what holds it.',
  },
  cluster_unavailable: {
    cause: 'The API server cannot be reached, or refuses the request.',
    remedy: 'Look at the kubeconfig, the context and the rights that the message names.',
  },
  server_unreachable: {
    cause: '`ready` asks an address at which no server of Outrider’s answers.',
    remedy: 'Give the address of its plain port, which `--plain-port` says.',
  },
  object_missing: {
    cause: 'An object that a command line names is not in the cluster.',
    remedy: 'Look at the kind, the name, the namespace and the context that the message names.',
  },
  review_invalid: {
    cause: 'A request to the webhook is no AdmissionReview; it is answered with HTTP 400.',
    remedy: 'Send what an API server sends; the message names the field.',
  },
  internal: {
    cause: 'Something happened that the code does not know.',
    remedy: 'Report it with the command line and the output of `--debug`.',
  },
} as const satisfies Record<string, ErrorText>;

/** Codes of the errors that end in a message to a person; docs/errors.md is made from their table. */
export type ErrorCode = keyof typeof table;

/** What each code means and what helps. */
export const errors: Readonly<Record<ErrorCode, ErrorText>> = table;

/** Every code, in the order of the documentation. */
export const errorCodes = Object.keys(table) as readonly ErrorCode[];

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
