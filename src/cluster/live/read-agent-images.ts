import type { ApiClient } from '../client/api-client.js';
import { pathOf, resources } from '../client/resources.js';
import { agentImagesName, readEntries, type AgentImagesByName } from '../agent-images/entries.js';

/** Reads what the leader of an installation found out about agents' images. Empty if that cannot be read. */
export async function readAgentImages(
  client: Pick<ApiClient, 'get'>,
  { instance, ownNamespace }: { readonly instance: string; readonly ownNamespace: string },
): Promise<AgentImagesByName> {
  const path = pathOf(resources.configMaps, { namespace: ownNamespace, name: agentImagesName(instance) });
  const configMap = await client.get(path).catch(() => undefined);
  return readEntries(configMap?.['data']).images;
}
