import { objectOf, stringOf } from '../../../src/model/json.js';

/** Has etcd forget all that was before now, as a cluster's does every few minutes. @throws when it refuses */
export async function compact(etcdUrl: string): Promise<void> {
  const ask = async (path: string, body: object): Promise<unknown> => {
    const response = await fetch(`${etcdUrl}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`etcd: ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const found = await ask('range', { key: Buffer.from('/').toString('base64') });
  const revision = stringOf(objectOf(objectOf(found)?.['header'])?.['revision']);
  await ask('compaction', { revision });
}
