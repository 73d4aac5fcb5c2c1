import t from 'tap';
import { OtherMutators } from '../../../src/cluster/plans/other-mutators.js';
import type { ApiClient } from '../../../src/cluster/client/api-client.js';
import type { WatchEvent } from '../../../src/cluster/client/watch-stream.js';
import type { JsonObject } from '../../../src/model/json.js';
import { memoryLog } from '../fake-api.js';
import { fakeTime, forbidden, storedObjects } from '../stored-objects.js';

const group = '/apis/admissionregistration.k8s.io/v1';
const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }];
const behind: JsonObject = { metadata: { name: 'zz' }, webhooks: [{ name: 'w.example', rules }] };

function createWorld() {
  const api = storedObjects();
  const time = fakeTime();
  const ending = new AbortController();
  const world = { changes: 0, send: undefined as ((event: WatchEvent) => void) | undefined };
  const client: ApiClient = {
    ...api.client,
    list: async (path, options) => ({ ...(await api.client.list(path, options)), resourceVersion: '1' }),
    watch: async function* (path, { signal, onOpen }) {
      onOpen?.();
      for (;;) {
        const event = await new Promise<WatchEvent | undefined>((resolve) => {
          if (path.endsWith('mutatingwebhookconfigurations')) world.send = resolve;
          signal.addEventListener('abort', () => resolve(undefined));
        });
        if (event === undefined) return;
        yield event;
      }
    },
  };
  const options = { ...time, client, log: memoryLog().log, random: () => 0.5, relistMs: 600_000, instance: 'outrider' };
  const create = () => new OtherMutators({ ...options, onChange: () => world.changes++ }, ending.signal);
  return { api, time, world, create, end: () => ending.abort() };
}

t.test('W68: what is in the way is known once all three lists were read, and followed from then on', async (t) => {
  const { api, time, world, create, end } = createWorld();
  api.put(`${group}/mutatingadmissionpolicies/outrider-1`, {
    metadata: { name: 'outrider-1' },
    spec: { reinvocationPolicy: 'IfNeeded', matchConstraints: { resourceRules: rules } },
  });
  api.put(`${group}/mutatingadmissionpolicybindings/outrider-1`, {
    metadata: { name: 'outrider-1' },
    spec: { policyName: 'outrider-1' },
  });
  const others = create();
  t.match(others.inTheWay({}), /is not known/);
  await time.advance(1_000);
  await others.synced;
  t.equal(others.inTheWay({}), undefined, 'our own policies are not in the way');
  const before = world.changes;
  world.send?.({ type: 'ADDED', object: behind });
  await time.advance(1_000);
  t.match(others.inTheWay({}), /zz is called after ours/);
  t.ok(world.changes > before);
  end();
});

t.test('W68: who may not read them knows nothing', async (t) => {
  const { api, time, create, end } = createWorld();
  api.fault = (method, path) => (method === 'LIST' && path.endsWith('policies') ? forbidden() : undefined);
  const others = create();
  await time.advance(60_000);
  t.match(others.inTheWay({}), /is not known/);
  api.fault = () => undefined;
  await time.advance(600_000);
  t.equal(others.inTheWay({}), undefined);
  end();
});
