import { withoutTokens } from '../../model/door-token.js';
import { isObject, objectOf, stringOf, type JsonObject } from '../../model/json.js';

/**
 * What the API server refused, or that it did not answer. `reason` is the API's own word (`NotFound`, `Conflict`,
 * `Expired`, `Forbidden`, `AlreadyExists`, `Invalid`, …), or `NoAnswer`; callers match on it.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly reason: string;
  /** Seconds that the API server asks to wait before another try. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    message: string,
    about: { status: number; reason: string; retryAfterSeconds?: number | undefined; cause?: unknown },
  ) {
    super(message, about.cause === undefined ? undefined : { cause: about.cause });
    this.status = about.status;
    this.reason = about.reason;
    this.retryAfterSeconds = about.retryAfterSeconds;
  }
}

/** Whether an error is the API server's refusal for one of these reasons. */
export function isApiError(error: unknown, ...reasons: readonly string[]): error is ApiError {
  return error instanceof ApiError && (reasons.length === 0 || reasons.includes(error.reason));
}

// The API's words for statuses whose body is no Status, such as a proxy's.
const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/**
 * The error that an answer stands for.
 * @param what the request, for the message: `GET /api/v1/nodes`
 * @param body the answer's body, or the object of a watch's `ERROR` event: a `Status` as a rule
 */
export function refusalOf(what: string, status: number, body: unknown, retryAfterSeconds?: number): ApiError {
  const said: JsonObject = objectOf(body)?.['kind'] === 'Status' && isObject(body) ? body : {};
  const given = stringOf(said['reason']);
  const reason = given === undefined || given === '' ? (reasons[status] ?? 'Unknown') : given;
  // It prints where it called a webhook that failed, and what of an object it does not take.
  const message = withoutTokens(stringOf(said['message']) ?? `HTTP ${status}`);
  return new ApiError(`${what}: ${message}`, {
    status,
    reason: reason === 'Gone' ? 'Expired' : reason,
    retryAfterSeconds,
  });
}
