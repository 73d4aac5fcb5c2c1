import type { PodClient } from '../../../src/cluster/coverage/paced-client.js';
import { objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';

/** A pod, and the row that a table has of it. */
export interface ShownPod {
  readonly pod: JsonObject;
  readonly status: string;
  readonly ready?: string;
  readonly age: string;
}

/** Lists pods as tables, whole and as metadata, as an API server does. */
export function fakeTables(shown: () => readonly ShownPod[]) {
  const asked: string[] = [];
  const faults: Error[] = [];
  const client: PodClient = {
    page: async (path, { query = {}, asTable = false, metadataOnly = false } = {}) => {
      const field = String(query['fieldSelector'] ?? '');
      asked.push(`${path} ${asTable ? 'table' : metadataOnly ? 'pending' : 'whole'}`);
      const fault = faults.shift();
      if (fault !== undefined) throw fault;
      await Promise.resolve();
      const namespace = /^\/api\/v1\/namespaces\/([^/]+)\/pods$/.exec(path)?.[1];
      const name = /^metadata\.name=(.*)$/.exec(field)?.[1];
      const found = shown().filter(({ pod }) => {
        const about = objectOf(pod['metadata']);
        if (namespace !== undefined && about?.['namespace'] !== namespace) return false;
        return name === undefined || about?.['name'] === name;
      });
      const items = found.map(({ pod, status, ready = '0/2', age }) =>
        asTable
          ? {
              Name: stringOf(objectOf(pod['metadata'])?.['name']) ?? '',
              Ready: ready,
              Status: status,
              Restarts: '0',
              Age: age,
            }
          : pod,
      );
      return { items, next: undefined, resourceVersion: '1' };
    },
  };
  return { client, asked, faults };
}
