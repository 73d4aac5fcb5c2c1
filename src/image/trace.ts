/** One step of a look-up, for `outrider image`. */
export interface LookupStep {
  readonly step: 'credentials' | 'head' | 'manifest' | 'config';
  /** What was asked for: a reference, or a digest of it. */
  readonly subject: string;
  /** Where the credential in use came from. */
  readonly credential?: string;
  readonly tookMs: number;
  /** `ok`, or the reason of the failure. */
  readonly result: string;
}

/** Told of each step as it ends. */
export type Trace = (step: LookupStep) => void;
