import { OutriderError } from '../../model/error.js';
import { isApiError, type ApiError } from '../client/api-error.js';

/**
 * A refusal by the API server, explained to a person.
 *
 * @param server its address
 * @param what should have been read, in the plural or with its name: `policies`, `namespace shop`
 * @param remedy what helps a user who cannot read it
 * @returns OutriderError `cluster_unavailable`; any other error unchanged
 */
export function refused(error: unknown, server: string, what: string, remedy: string): unknown {
  if (!isApiError(error)) return error;
  return new OutriderError('cluster_unavailable', sentence(error, server, what, remedy), { cause: error });
}

function sentence(error: ApiError, server: string, what: string, remedy: string): string {
  if (error.status === 401) return `${server} does not know the kubeconfig’s user (401); log in again.`;
  if (error.status === 403) return `${server} forbids its user to read ${what} (403); ${remedy}.`;
  if (error.status === 0) {
    return `${server} does not answer: ${cut(error.message)}; check the network and the kubeconfig.`;
  }
  return `${server} answers ${error.status} when asked for ${what}: ${cut(error.message)}; try again later.`;
}

/** The message without the request in front. */
function cut(message: string): string {
  return message.replace(/^[A-Z]+ \S+: /, '');
}
