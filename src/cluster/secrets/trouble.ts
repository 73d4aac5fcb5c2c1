import { isApiError } from '../client/api-error.js';

/** Why the API server did not do what was asked, as its reason only. Its message could quote what was sent. */
export function causeOf(error: unknown): string {
  if (!isApiError(error)) return 'the API server did not answer in time';
  if (error.reason === 'Forbidden') return 'the API server forbids it';
  return error.status === 0
    ? 'the API server does not answer'
    : `the API server answers ${error.status} (${error.reason})`;
}
