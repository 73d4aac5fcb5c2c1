/** What is looked for, by kind, with what it means. */
export const findingKinds = {
  crash: 'a command throws, prints a stack trace, or an error that is our own',
  exit_code: 'a command ends with a code that its help does not name, or that another form of output does not end with',
  report: 'a report for programs is no JSON, or something stands beside it',
  slow: 'a command takes longer than the limit',
  without_pod: 'a document without pods and tasks is changed, added or lost',
  second_run: 'a second inject changes something',
  round_trip: 'uninject does not give back the bytes that came in',
  uninject: 'uninject changes a file that inject did not write',
  forms: 'a form of output says something else than the file that is written',
  functions: 'functions of CloudFormation are lost',
} as const;

/** A kind of {@link findingKinds}. */
export type FindingKind = keyof typeof findingKinds;

/** Something that does not hold for a file. */
export interface Finding {
  readonly kind: FindingKind;
  readonly file: string;
  readonly profile: string;
  /** What was seen, in one line. */
  readonly detail: string;
}
