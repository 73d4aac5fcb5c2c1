import t from 'tap';
import { watchJudges } from '../../../src/cluster/plans/judge-watch.js';
import type { ApiClient } from '../../../src/cluster/client/api-client.js';
import type { WatchEvent } from '../../../src/cluster/client/watch-stream.js';
import { memoryLog } from '../fake-api.js';
import { fakeTime, storedObjects } from '../stored-objects.js';

const path = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/outrider-1';

t.test('W55: a judge that goes is told of as soon as the API server says so', async (t) => {
  const api = storedObjects();
  const time = fakeTime();
  const ending = new AbortController();
  let send: ((event: WatchEvent) => void) | undefined;
  const client: ApiClient = {
    ...api.client,
    list: async (at, options) => ({ ...(await api.client.list(at, options)), resourceVersion: '1' }),
    watch: async function* (at, { signal, onOpen }) {
      onOpen?.();
      const event = await new Promise<WatchEvent | undefined>((resolve) => {
        if (at.endsWith('policies')) send = resolve;
        signal.addEventListener('abort', () => resolve(undefined));
      });
      if (event !== undefined) yield event;
    },
  };
  const object = api.put(path, { metadata: { name: 'outrider-1' }, spec: {} });
  const told: unknown[] = [];
  const options = { ...time, client, log: memoryLog().log, random: () => 0.5, relistMs: 600_000 };
  watchJudges({ ...options, onChange: (id, live) => told.push([id, live === undefined]) }, ending.signal);
  await time.advance(1_000);
  t.same(told, [['validatingPolicies/outrider-1', false]]);
  send?.({ type: 'DELETED', object });
  await time.advance(1_000);
  t.same(told.at(-1), ['validatingPolicies/outrider-1', true]);
  ending.abort();
});
