import type { PodClient } from '../../../src/cluster/coverage/paced-client.js';
import { objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { refusal } from '../fake-api.js';

/** What was asked for, as `PATH SELECTOR FORM`. */
export interface FakePods {
  readonly client: PodClient;
  readonly asked: string[];
  /** What the next requests fail with, one each; `undefined` for none. */
  readonly faults: (Error | undefined)[];
}

const expired = refusal(410, 'Expired');

/** Lists pods as an API server does: by namespace, by our label, by name, in pages, whole or as metadata. */
export function fakePods(pods: readonly JsonObject[], largestPage = Infinity): FakePods {
  const asked: string[] = [];
  const faults: (Error | undefined)[] = [];
  const client: PodClient = {
    page: async (path, options = {}) => {
      const { query = {}, pageSize = 500, metadataOnly = false, from } = options;
      const selector = String(query['labelSelector'] ?? '');
      const field = String(query['fieldSelector'] ?? '');
      asked.push(`${path} ${selector || field} ${metadataOnly ? 'record' : 'whole'}${from === undefined ? '' : ' on'}`);
      if ('resourceVersion' in query) throw new Error('pages with a resourceVersion are none');
      const fault = faults.shift();
      if (fault !== undefined) throw fault;
      const namespace = /^\/api\/v1\/namespaces\/([^/]+)\/pods$/.exec(path)?.[1];
      const name = /^metadata\.name=(.*)$/.exec(field)?.[1];
      const found = pods.filter(({ metadata }) => {
        const about = objectOf(metadata);
        const status = stringOf(objectOf(about?.['labels'])?.['outrider.dev/status']);
        if (namespace !== undefined && about?.['namespace'] !== namespace) return false;
        if (name !== undefined) return about?.['name'] === name;
        return selector.startsWith('!') ? status === undefined : status !== undefined;
      });
      const start = Number(from ?? 0);
      const size = Math.min(pageSize, largestPage);
      const items = found.slice(start, start + size);
      const next = start + size < found.length ? String(start + size) : undefined;
      await Promise.resolve();
      return {
        items: metadataOnly ? items.map(({ metadata }) => ({ metadata: objectOf(metadata) ?? {} })) : items,
        next,
        resourceVersion: '1',
      };
    },
  };
  return { client, asked, faults };
}

/** The API server remembers the list no more. */
export const gone = (): Error => expired;
