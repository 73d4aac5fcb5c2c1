import t from 'tap';
import { GradualEmptying } from '../../../src/cluster/registration/emptying.js';
import { markIn, type Pause } from '../../../src/cluster/registration/pause-record.js';
import { configurationPath } from '../../../src/cluster/registration/write.js';
import { listOf } from '../../../src/model/json.js';
import { createFakeApi } from './fake-api.js';

const instance = 'outrider';
const mutating = configurationPath('mutating', instance);
const validating = configurationPath('validating', instance);
const pause: Pause = { untilMs: Infinity, since: undefined, by: 'jane', reason: undefined, marker: 'configurations' };
const entries = { webhooks: [{ name: 'payments.outrider.dev' }] };

function setUp(create = false) {
  const fake = createFakeApi();
  const now = { ms: 0 };
  const options = { client: fake.client, instance, pause, create, spreadMs: 1_000, nowMs: () => now.ms };
  const put = (...paths: readonly string[]): void => paths.forEach((path) => fake.objects.set(path, entries));
  return { ...fake, now, put, emptying: new GradualEmptying(options) };
}

t.test(
  'E43: what checks pods goes before what changes them, with time for every API server to learn of it',
  async (t) => {
    const { objects, now, put, emptying } = setUp();
    put(mutating, validating);
    t.same(await emptying.look(), { open: ['mutating', 'validating'], emptied: ['validating'] });
    t.equal(markIn(objects.get(mutating))?.by, 'jane', 'both are marked at once, so that no leader repairs either');
    t.equal(markIn(objects.get(validating))?.by, 'jane');
    now.ms = 999;
    t.same(await emptying.look(), { open: ['mutating'], emptied: [] });
    now.ms = 1_000;
    t.same(await emptying.look(), { open: ['mutating'], emptied: ['mutating'] });
    t.same(await emptying.look(), { open: [], emptied: [] });
    for (const path of [mutating, validating]) t.same(listOf(objects.get(path)?.['webhooks']), []);

    put(mutating, validating);
    now.ms = 5_000;
    t.same((await emptying.look()).emptied, ['validating'], 'what came back starts it over');
    now.ms = 5_999;
    t.same((await emptying.look()).emptied, []);
  },
);

t.test('another one’s deletion of the validating one is no reason to hurry', async (t) => {
  const { now, put, emptying } = setUp();
  put(mutating);
  t.same((await emptying.look()).emptied, []);
  now.ms = 1_000;
  t.same((await emptying.look()).emptied, ['mutating']);
});

t.test('F31: where there are no configurations, they are made to carry the marker, or left away', async (t) => {
  const made = setUp(true);
  t.same((await made.emptying.look()).open, ['mutating', 'validating']);
  t.same(await made.emptying.look(), { open: [], emptied: [] });
  t.match(made.objects.get(mutating), { kind: 'MutatingWebhookConfiguration', webhooks: [] });
  const not = setUp(false);
  t.same(await not.emptying.look(), { open: [], emptied: [] });
  t.equal(not.objects.size, 0);
});
