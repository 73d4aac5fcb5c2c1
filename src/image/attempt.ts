import type { Clock } from '../time/clock.js';
import { RegistryError, type Credential, type ImageReference } from './types.js';

/** One credential's try at a reference. */
export interface Attempt {
  /** Who asks, as far as a failure is remembered for one namespace alone. */
  readonly namespace: string;
  readonly reference: ImageReference;
  readonly credential: Credential;
  readonly signal: AbortSignal;
  readonly trace: Trace | undefined;
}

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

/** Does one step of an attempt, and tells its trace how it went. */
export async function traced<T>(
  { credential, trace }: Attempt,
  clock: Clock,
  { step, subject }: Pick<LookupStep, 'step' | 'subject'>,
  work: () => Promise<T>,
): Promise<T> {
  const startMs = clock.monotonicMs();
  let result = 'ok';
  try {
    return await work();
  } catch (error) {
    result = error instanceof RegistryError ? error.reason : 'internal';
    throw error;
  } finally {
    trace?.({ step, subject, credential: credential.source, tookMs: clock.monotonicMs() - startMs, result });
  }
}
