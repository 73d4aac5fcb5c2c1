import type { CredentialSource, ImageLog } from '../types.js';
import { anonymous, distinct } from './credential.js';

/**
 * Combines all sources in order, each credential once, and an anonymous request last. The kubelet asks anonymously only if
 * nothing matched. We also do so after refusals, which finds a public image in spite of a stale pull secret, and reveals
 * nothing that is not public.
 *
 * @param sources best first: pull secrets, the default pull secret, a docker config, the clouds.
 */
export function composeCredentials(sources: readonly CredentialSource[], log: ImageLog): CredentialSource {
  return {
    async credentials(reference, request, signal, note) {
      const lists = await Promise.all(
        sources.map(async (source) => {
          try {
            return await source.credentials(reference, request, signal, note);
          } catch (error) {
            log.warn({ err: error }, 'A source of registry credentials failed.');
            return [];
          }
        }),
      );
      return distinct([...lists.flat(), anonymous]);
    },
  };
}
