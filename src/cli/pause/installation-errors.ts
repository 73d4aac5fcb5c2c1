import { isApiError, type ApiError } from '../../cluster/client/api-error.js';
import type { InstallationName } from '../../cluster/registration/pause.js';
import { OutriderError } from '../../model/error.js';

/**
 * Does something to an installation, and says plainly what the API server has against it.
 *
 * @param explain a sentence for a refusal that means something special here; `undefined`: none
 * @throws OutriderError `cluster_unavailable`
 */
export async function withInstallation<T>(
  server: string,
  which: InstallationName,
  act: () => Promise<T>,
  explain: (error: ApiError) => string | undefined = () => undefined,
): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    if (!isApiError(cause)) throw cause;
    throw new OutriderError('cluster_unavailable', explain(cause) ?? sentence(cause, server, which), { cause });
  }
}

function sentence(error: ApiError, server: string, { instance, ownNamespace }: InstallationName): string {
  const said = error.message.replace(/[.;\s]+$/, '');
  if (error.status === 401) return `${server} does not know the kubeconfig’s user (401); log in again.`;
  if (error.status === 403) {
    return `${server} forbids it (403): ${said}; the user must be allowed to patch the ConfigMap ${instance} in ${ownNamespace}, and to get and delete the webhook configurations ${instance}.`;
  }
  if (error.status === 0) return `${server} does not answer: ${said}; check the network and the kubeconfig.`;
  return `${server} answers ${error.status}: ${said}; try again later.`;
}
