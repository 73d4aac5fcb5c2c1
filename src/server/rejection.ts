import { STATUS_CODES } from 'node:http';
import { measuredDoors } from '../model/doors.js';

const paths = measuredDoors.map(({ path }) => path).join(', ');

/** Why a request got an HTTP error instead of an admission response, with the status and a sentence for each. */
const table = {
  path_unknown: { status: 404, message: `Nothing is served at this path: those that may be are ${paths}.` },
  client_unauthorized: {
    status: 403,
    message: 'Reviews are answered for a client certificate of --client-ca, and a name of --client-name, only.',
  },
  method_not_allowed: { status: 405, message: 'Only POST is served at this path.' },
  content_type_unsupported: { status: 415, message: 'The content type must be application/json, not encoded further.' },
  timeout_invalid: { status: 400, message: 'The parameter timeout must be one duration above zero, such as 10s.' },
  body_empty: { status: 400, message: 'The body is empty: it must be an AdmissionReview.' },
  body_too_large: { status: 413, message: 'The body is larger than this server reads (--max-body-bytes).' },
  too_many_values: { status: 413, message: 'The review holds more values than that of any pod that can be stored.' },
  review_invalid: { status: 400, message: 'The body is no valid AdmissionReview.' },
  request_malformed: { status: 400, message: 'The request is not valid HTTP/1.1.' },
  headers_too_large: { status: 431, message: 'The header fields are larger than this server reads.' },
  request_timeout: { status: 408, message: 'The request did not arrive in time.' },
  overloaded: { status: 503, message: 'As many reviews as allowed are under way (--max-in-flight).' },
  over_budget: { status: 503, message: 'As many bytes of reviews as allowed are held (--max-pending-bytes).' },
  not_loaded: { status: 503, message: 'The configuration is not loaded yet.' },
  draining: { status: 503, message: 'The server is shutting down.' },
  internal: { status: 500, message: 'The server failed in a way it does not know; its log has the details.' },
} as const satisfies Record<string, { readonly status: number; readonly message: string }>;

/** A cause of rejection: the code in the error's JSON, and the label of `outrider_rejected_requests_total`. */
export type RejectCause = keyof typeof table;

/** Every cause. */
export const rejectCauses = Object.keys(table) as readonly RejectCause[];

/** Says within the server that a request is not answered. */
export class RequestRejected extends Error {
  override readonly name = 'RequestRejected';
  readonly rejectCause: RejectCause;

  constructor(cause: RejectCause) {
    super(table[cause].message);
    this.rejectCause = cause;
  }
}

/** An HTTP error, ready to be sent. */
export interface Rejection {
  readonly status: number;
  /** `{"error": {"code", "message"}}` */
  readonly body: string;
}

/**
 * @param message what to say in place of the cause's own sentence
 */
export function rejection(cause: RejectCause, message: string = table[cause].message): Rejection {
  return { status: table[cause].status, body: JSON.stringify({ error: { code: cause, message } }) };
}

/**
 * True for those that the API server should try again on another connection: it does so within its own time-out, on a
 * 5xx with an integer `Retry-After`.
 */
export function isRetryable(cause: RejectCause): boolean {
  return table[cause].status === 503;
}

/** A rejection as a whole HTTP response, for a connection without a request that it answers. It is the connection's last. */
export function responseOf(cause: RejectCause): string {
  const { status, body } = rejection(cause);
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: application/json; charset=utf-8\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n${isRetryable(cause) ? 'Retry-After: 1\r\n' : ''}` +
    `Connection: close\r\n\r\n${body}`
  );
}
