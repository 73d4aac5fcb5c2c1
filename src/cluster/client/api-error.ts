import { withoutTokens } from '../../model/door-token.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';

/**
 * A refusal by the API server, or a missing answer. `reason` is the API's own word (`NotFound`, `Conflict`, `Expired`,
 * `Forbidden`, `AlreadyExists`, `Invalid`, …), or `NoAnswer`; callers match on it.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly reason: string;
  /** The API server's own message, without the request in front; the same as `message` if there was no answer. */
  readonly said: string;
  /** The fields that the API server objects to, as far as it names them. */
  readonly fields: readonly string[];
  /** The seconds that the API server asks us to wait before another try. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    message: string,
    about: {
      status: number;
      reason: string;
      said?: string;
      fields?: readonly string[];
      retryAfterSeconds?: number | undefined;
      cause?: unknown;
    },
  ) {
    super(message, about.cause === undefined ? undefined : { cause: about.cause });
    this.status = about.status;
    this.reason = about.reason;
    this.said = about.said ?? message;
    this.fields = about.fields ?? [];
    this.retryAfterSeconds = about.retryAfterSeconds;
  }
}

/** Whether an error is a refusal by the API server for one of these reasons. */
export function isApiError(error: unknown, ...reasons: readonly string[]): error is ApiError {
  return error instanceof ApiError && (reasons.length === 0 || reasons.includes(error.reason));
}

// The API's reasons for HTTP statuses whose body is not a `Status`, such as a proxy's.
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
 * Makes the error for an answer.
 * @param what the request, for the message: `GET /api/v1/nodes`
 * @param body the answer's body, or the object of a watch's `ERROR` event; usually a `Status`
 */
export function refusalOf(what: string, status: number, body: unknown, retryAfterSeconds?: number): ApiError {
  const said: JsonObject = objectOf(body)?.['kind'] === 'Status' && isObject(body) ? body : {};
  const given = stringOf(said['reason']);
  const reason = given === undefined || given === '' ? (reasons[status] ?? 'Unknown') : given;
  // The API server's message includes the address of a webhook that failed, and the part of an object that it rejects.
  const message = withoutTokens(stringOf(said['message']) ?? `HTTP ${status}`);
  return new ApiError(`${what}: ${message}`, {
    status,
    reason: reason === 'Gone' ? 'Expired' : reason,
    said: message,
    fields: fieldsIn(said),
    retryAfterSeconds,
  });
}

function fieldsIn(status: JsonObject): readonly string[] {
  return listOf(objectOf(status['details'])?.['causes']).flatMap((cause) => {
    const field = stringOf(objectOf(cause)?.['field']);
    return field === undefined || field === '' ? [] : [field];
  });
}
