import type { Clock } from '../time/clock.js';
import { networkCause, type NetworkCause } from '../model/network-cause.js';
import { systemCode } from './registry/failure.js';
import { RegistryError, type Credential, type ImageReference } from './types.js';

/** One credential's try at a reference. */
export interface Attempt {
  /** The caller, if a failure is remembered for only one namespace. */
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
  /** Why no host was reached. Only for users on their own machine, because it reveals what is in a network. */
  readonly cause?: NetworkCause;
  /** The system's error code: `ECONNREFUSED`. */
  readonly code?: string;
}

/** Called for each step as it ends. */
export type Trace = (step: LookupStep) => void;

/** Performs one step of an attempt, and reports the result to its trace. */
export async function traced<T>(
  { credential, trace }: Attempt,
  clock: Clock,
  { step, subject }: Pick<LookupStep, 'step' | 'subject'>,
  work: () => Promise<T>,
): Promise<T> {
  const startMs = clock.monotonicMs();
  let result = 'ok';
  let failure: Pick<LookupStep, 'cause' | 'code'> = {};
  try {
    return await work();
  } catch (error) {
    result = error instanceof RegistryError ? error.reason : 'internal';
    failure = networkFailure(error);
    throw error;
  } finally {
    trace?.({
      step,
      subject,
      credential: credential.source,
      tookMs: clock.monotonicMs() - startMs,
      result,
      ...failure,
    });
  }
}

function networkFailure(error: unknown): Pick<LookupStep, 'cause' | 'code'> {
  if (!(error instanceof RegistryError) || error.status !== undefined) return {};
  if (error.reason === 'lookup_timeout') return { cause: 'timed_out' };
  if (error.reason !== 'registry_unreachable') return {};
  const code = systemCode(error.cause);
  const cause = code === undefined ? undefined : networkCause(code);
  return { ...(cause === undefined ? {} : { cause }), ...(code === undefined ? {} : { code }) };
}
