import t from 'tap';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { DryRunPods } from '../../../src/cluster/dry-run/dry-run-pods.js';
import type { Query } from '../../../src/cluster/client/api-client.js';
import type { JsonObject } from '../../../src/model/json.js';

const pod: JsonObject = { kind: 'Pod' };

/** An API server that gives these answers in turn, and a clock that only sleeping moves. */
function scene(answers: readonly (ApiError | JsonObject)[], perSecond = 10) {
  const queries: (Query | undefined)[] = [];
  const sentMs: number[] = [];
  let nowMs = 0;
  const controller = new AbortController();
  const left = [...answers];
  const pods = new DryRunPods({
    client: {
      create: (_path, object, options) => {
        queries.push(options?.query);
        sentMs.push(nowMs);
        const answer = left.length > 1 ? left.shift() : left[0];
        return answer instanceof ApiError ? Promise.reject(answer) : Promise.resolve(answer ?? object);
      },
    },
    clock: { monotonicMs: () => nowMs },
    sleep: (ms) => {
      nowMs += ms;
      return Promise.resolve();
    },
    signal: controller.signal,
    perSecond,
  });
  return { pods, queries, sentMs, controller };
}

const error = (status: number, said: string, retryAfterSeconds?: number): ApiError =>
  new ApiError(said, { status, reason: status === 403 ? 'Forbidden' : '', said, retryAfterSeconds });

t.test('every request is a dry run', async (t) => {
  const { pods, queries } = scene([pod]);
  t.strictSame(await pods.create('shop', pod), { kind: 'admitted', pod });
  t.match(queries, [{ dryRun: 'All' }]);
});

t.test('after a burst, requests keep to the rate', async (t) => {
  const { pods, sentMs } = scene([pod], 4);
  for (let index = 0; index < 12; index++) await pods.create('shop', pod);
  t.strictSame(sentMs.slice(0, 4), [0, 0, 0, 0]);
  t.strictSame(sentMs.slice(4), [250, 500, 750, 1_000, 1_250, 1_500, 1_750, 2_000]);
  t.equal(pods.requests, 12);
});

t.test('where the API server asks to wait, every request waits that long', async (t) => {
  const { pods, sentMs } = scene([error(429, 'too many requests', 5), pod]);
  t.match(await pods.create('shop', pod), { kind: 'admitted' });
  t.strictSame(sentMs, [0, 5_000]);
  await pods.create('shop', pod);
  t.equal(sentMs[2], 5_000);
});

t.test('a pause that is asked for is not endless', async (t) => {
  const { pods, sentMs } = scene([error(503, 'shutting down', 999_999), pod]);
  await pods.create('shop', pod);
  t.strictSame(sentMs, [0, 60_000]);
});

t.test('a refusal is not asked again, an API server that stays busy is asked a few times', async (t) => {
  const refused = scene([error(403, 'pods "a" is forbidden: violates PodSecurity "baseline:latest": x')]);
  t.match(await refused.pods.create('shop', pod), { kind: 'refused', refusal: { by: 'PodSecurity' } });
  t.equal(refused.pods.requests, 1);
  const busy = scene([error(503, 'shutting down')]);
  t.match(await busy.pods.create('shop', pod), { kind: 'unknown' });
  t.equal(busy.pods.requests, 8);
  const taken = scene([error(409, 'pods "a" already exists'), pod]);
  t.match(await taken.pods.create('shop', pod), { kind: 'admitted' });
  const old = scene([error(400, 'admission webhook "old.example.com" does not support dry run')]);
  t.match(await old.pods.create('shop', pod), { kind: 'unknown' });
  t.equal(old.pods.requests, 1);
  const right = scene([error(403, 'pods is forbidden: User "jane" cannot create resource "pods" in API group ""')]);
  t.match(await right.pods.create('shop', pod), { kind: 'forbidden' });
  t.equal(right.pods.requests, 1);
});

t.test('an interrupted command sends nothing more', async (t) => {
  const { pods, controller, queries } = scene([pod]);
  controller.abort(new Error('interrupted'));
  await t.rejects(pods.create('shop', pod), { message: 'interrupted' });
  t.strictSame(queries, []);
});
