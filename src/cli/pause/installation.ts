import type { Command } from 'commander';
import { isApiError, type ApiError } from '../../cluster/client/api-error.js';
import type { InstallationName } from '../../cluster/registration/pause.js';
import { OutriderError } from '../../model/error.js';
import { textOf, type Invocation } from '../command.js';
import { installationSettingKeys } from '../options/cluster.js';
import { commandSettings } from '../options/settings.js';

const settings = commandSettings({ 'Installation:': installationSettingKeys });

/** Gives a command the options that select the installation. */
export function addInstallationOptions(command: Command): void {
  command.option('-n, --namespace <NAME>', 'namespace of the installation; short for --own-namespace');
  settings.addTo(command);
}

/**
 * Reads the options.
 * @throws OutriderError `usage`
 */
export function installationOf(invocation: Invocation): InstallationName {
  const { instance, ownNamespace } = settings.read(invocation);
  return { instance, ownNamespace: textOf(invocation.flags['namespace']) ?? ownNamespace };
}

/**
 * Runs an action on an installation, and explains a refusal by the API server in plain words.
 *
 * @param explain gives a sentence for a refusal with a special meaning here; `undefined` if it has none
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

function sentence(error: ApiError, server: string, { instance }: InstallationName): string {
  const said = error.message.replace(/[.;\s]+$/, '');
  if (error.status === 401) return `${server} does not know the kubeconfig’s user (401); log in again.`;
  if (error.status === 403) {
    return `${server} forbids it (403): ${said}; the user must be allowed to get and patch the webhook configurations ${instance}, and to create them where there are none.`;
  }
  if (error.status === 0) return `${server} does not answer: ${said}; check the network and the kubeconfig.`;
  return `${server} answers ${error.status}: ${said}; try again later.`;
}
