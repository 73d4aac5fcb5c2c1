import { RegistryError } from '../types.js';
import { isArray, isObject, stringOf } from '../../model/json.js';
import { EgressDeniedError } from './egress-guard.js';
import { headerOf, type RegistryAnswer } from './answer.js';

/**
 * The error for an answer that is not a success.
 *
 * @param subject What was asked, for people: `ghcr.io/acme/worker:3`.
 * @param nowMs The time now, for Retry-After.
 */
export function answerError(subject: string, answer: RegistryAnswer, nowMs: number): RegistryError {
  const { status } = answer;
  const registryCode = errorCode(answer.body);
  const message = `${subject} → ${status}${registryCode === undefined ? '' : ` ${registryCode}`}`;
  const facts = { status, ...(registryCode === undefined ? {} : { registryCode }) };
  if (status === 401 || status === 403) return new RegistryError('image_unauthorized', message, facts);
  if (status === 404 || status === 410) return new RegistryError('image_not_found', message, facts);
  if (status === 429) {
    const waitMs = retryAfterMs(headerOf(answer, 'retry-after'), nowMs);
    return new RegistryError('registry_rate_limited', message, {
      ...facts,
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    });
  }
  return new RegistryError('registry_error', message, facts);
}

/** The error for a request that got no answer: refused by the guard, given up by the caller, or a network's failure. */
export function connectionError(host: string, cause: unknown, signal: AbortSignal): RegistryError {
  if (cause instanceof RegistryError) return cause;
  if (signal.aborted) return new RegistryError('lookup_timeout', `${host} did not answer in time`, { cause });
  if (cause instanceof EgressDeniedError) {
    return new RegistryError('registry_denied', `the egress guard refuses ${host}: ${cause.message}`, { cause });
  }
  const code = systemCode(cause);
  return new RegistryError('registry_unreachable', `cannot reach ${host}${code === undefined ? '' : ` (${code})`}`, {
    cause,
  });
}

/** The code of a system's, TLS's or HTTP client's error: `ECONNREFUSED`, `DEPTH_ZERO_SELF_SIGNED_CERT`, … */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return systemCode(error.cause);
}

/** The first error code of a registry's body (OCI distribution-spec, Error Codes), if it is one. */
function errorCode(body: Uint8Array): string | undefined {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(body));
    const errors = isObject(parsed) ? parsed['errors'] : undefined;
    const [first] = isArray(errors) ? errors : [];
    const code = isObject(first) ? stringOf(first['code']) : undefined;
    return code !== undefined && /^[A-Z][A-Z0-9_]{0,63}$/.test(code) ? code : undefined;
  } catch {
    return undefined;
  }
}

const maxRetryAfterMs = 24 * 60 * 60 * 1000;

/**
 * How long a Retry-After header asks to wait (RFC 9110, section 10.2.3): seconds, or a date.
 *
 * @param nowMs The time now, milliseconds since 1970.
 * @returns Milliseconds, at most a day; `undefined` when there is no header or it is neither.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,10}$/.test(text)) return Math.min(Number(text) * 1000, maxRetryAfterMs);
  // The three forms of HTTP dates all start with the day's name; Date.parse alone would take nearly anything.
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? undefined : Math.min(Math.max(dateMs - nowMs, 0), maxRetryAfterMs);
}
