import type { ApiClient } from '../../../src/cluster/client/api-client.js';
import { objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { withStatus, type ContainerStatus } from '../../support/pod-status.js';

/** Writes into a pod what a node says of its containers, as a kubelet does. @param since when it was last Ready, or not */
export async function nodeSays(
  client: Pick<ApiClient, 'get' | 'patch'>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  statuses: Readonly<Record<string, ContainerStatus>>,
  about: { readonly ready?: boolean; readonly since?: string } = {},
): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
  const pod = await client.get(path, { timeoutMs });
  const status = objectOf(withStatus(pod, statuses, about)['status']) ?? {};
  await client.patch(`${path}/status`, 'merge', { status }, { timeoutMs });
}

/** A machine that does much else may be slow to write. */
const timeoutMs = 180_000;

/** A time so many seconds ago. */
export function ago(seconds: number): string {
  return `${new Date(Date.now() - seconds * 1000).toISOString().slice(0, 19)}Z`;
}

/** The pods of a namespace whose label `app` is this, with what their labels say of us. */
export async function podsOf(
  client: Pick<ApiClient, 'list'>,
  namespace: string,
  app: string,
): Promise<readonly { readonly name: string; readonly status: string | undefined; readonly pod: JsonObject }[]> {
  const { items } = await client.list(`/api/v1/namespaces/${namespace}/pods`, {
    query: { labelSelector: `app=${app}` },
  });
  return items
    .filter(({ metadata }) => objectOf(metadata)?.['deletionTimestamp'] === undefined)
    .map((pod) => {
      const metadata = objectOf(pod['metadata']);
      const status = stringOf(objectOf(metadata?.['labels'])?.['outrider.dev/status']);
      return { name: stringOf(metadata?.['name']) ?? '', status, pod };
    });
}
