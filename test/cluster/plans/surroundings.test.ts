import t from 'tap';
import { Judges } from '../../../src/cluster/plans/judges.js';
import { Skips, type Skip } from '../../../src/cluster/plans/skips.js';
import { Surroundings } from '../../../src/cluster/plans/surroundings.js';
import type { ApiClient } from '../../../src/cluster/client/api-client.js';
import type { WatchEvent } from '../../../src/cluster/client/watch-stream.js';
import type { JsonObject } from '../../../src/model/json.js';
import { memoryLog } from '../fake-api.js';
import { fakeTime, storedObjects } from '../stored-objects.js';

const skip: Skip = { key: 'key', calledFor: 'true', namespaces: { matchLabels: { tier: 'a' } }, needsJudge: true };
const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }];
const configuration = (name: string, more: JsonObject = {}): JsonObject => ({
  metadata: { name },
  webhooks: [{ name: 'w.example', rules, ...more }],
});

t.test('W68: what is not safe any more is taken back at once, and only news make a pass', async (t) => {
  const { client: stored } = storedObjects();
  const time = fakeTime();
  const ending = new AbortController();
  const senders = new Map<string, (event: WatchEvent) => void>();
  const client: ApiClient = {
    ...stored,
    list: () => Promise.resolve({ items: [], resourceVersion: '1' }),
    watch: async function* (path, { signal, onOpen }) {
      onOpen?.();
      for (;;) {
        const event = await new Promise<WatchEvent | undefined>((resolve) => {
          senders.set(path.slice(path.lastIndexOf('/') + 1), resolve);
          signal.addEventListener('abort', () => resolve(undefined));
        });
        if (event === undefined) return;
        yield event;
      }
    },
  };
  const send = async (to: string, type: WatchEvent['type'], object: JsonObject): Promise<void> => {
    senders.get(to)?.({ type, object });
    await time.advance(1_000);
  };
  const judges = new Judges(() => undefined);
  const skips = new Skips(() => undefined);
  let news = 0;
  const surroundings = new Surroundings({
    ...time,
    random: () => 0.5,
    client,
    log: memoryLog().log,
    relistMs: 600_000,
    instance: 'outrider',
    judges,
    skips,
    changedJudge: (id) => (id === 'validatingPolicies/outrider-1' ? 'payments' : undefined),
    onNews: () => news++,
  });
  const following = surroundings.follow(ending.signal);
  await time.advance(6_000);
  t.equal(await following, await surroundings.follow(ending.signal));
  skips.settle(new Map([['payments', skip]]));
  surroundings.select([skip.namespaces]);
  t.ok(skips.of('payments'));
  await send('mutatingwebhookconfigurations', 'ADDED', configuration('aa'));
  const before = news;
  await send('mutatingwebhookconfigurations', 'MODIFIED', configuration('aa', { timeoutSeconds: 3 }));
  t.equal(news, before, 'who stands in front of ours may write what they like');
  t.ok(skips.of('payments'));
  await send('mutatingwebhookconfigurations', 'ADDED', configuration('zz'));
  t.equal(skips.of('payments'), undefined);
  t.ok(news > before);
  judges.settle(new Map([['payments', 'key']]));
  await send('validatingadmissionpolicies', 'ADDED', { metadata: { name: 'outrider-2' } });
  t.equal(judges.known?.size, 1);
  await send('validatingadmissionpolicies', 'ADDED', { metadata: { name: 'outrider-1' } });
  t.equal(judges.known?.size, 0, 'the webhook judges again');
  ending.abort();
});
