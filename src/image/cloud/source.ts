import { WaitEnded } from '../../time/abort.js';
import type { ImageLog } from '../log.js';
import type { CredentialSource } from '../types.js';
import type { CloudProvider } from './provider.js';

/** Credentials by this process's identity in a cloud, for the registries of that cloud. */
export function createCloudSource(providers: readonly CloudProvider[], log: ImageLog): CredentialSource {
  return {
    async credentials({ registry }, _request, signal) {
      const host = registry.toLowerCase();
      const provider = providers.find((one) => one.handles(host));
      if (provider === undefined) return [];
      try {
        return [await provider.credential(host, signal)];
      } catch (error) {
        if (!(error instanceof WaitEnded)) {
          log.warn({ provider: provider.name, registry: host, err: error }, 'A cloud gave no credential.');
        }
        return [];
      }
    },
  };
}
