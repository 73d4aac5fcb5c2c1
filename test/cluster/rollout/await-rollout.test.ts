import t from 'tap';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { awaitRollout } from '../../../src/cluster/rollout/await-rollout.js';
import type { JsonObject } from '../../../src/model/json.js';
import { createVirtualTime } from '../virtual-time.js';

const at = '2026-11-29T01:00:00Z';

function deployment(updated: number, available = updated, more: JsonObject = {}): JsonObject {
  return {
    kind: 'Deployment',
    metadata: { generation: 2 },
    spec: {
      replicas: 2,
      template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': at } } },
      ...more,
    },
    status: { observedGeneration: 2, replicas: 2, updatedReplicas: updated, availableReplicas: available },
  };
}

const api = (status: number, reason: string): ApiError => new ApiError(`GET /x: ${reason}`, { status, reason });

/** Waits, with what each look finds; the last one over and over. */
async function waited(looks: readonly (JsonObject | ApiError)[], passMs = 20_000, interruptMs?: number) {
  const time = createVirtualTime();
  const said: string[] = [];
  const controller = new AbortController();
  let look = 0;
  const end = awaitRollout({
    read: () => {
      const found = looks[Math.min(look++, looks.length - 1)];
      return found instanceof ApiError ? Promise.reject(found) : Promise.resolve(found ?? {});
    },
    at,
    timeoutMs: 10_000,
    clock: time,
    sleep: time.sleep,
    signal: controller.signal,
    onProgress: (text) => said.push(text),
  });
  if (interruptMs !== undefined) {
    await time.advance(interruptMs);
    controller.abort();
  }
  await time.advance(passMs);
  return { end: await end, said, looks: look };
}

t.test('it waits until every pod is new and available, and says what changed', async (t) => {
  const { end, said, looks } = await waited([
    deployment(0),
    deployment(1),
    deployment(1),
    deployment(2, 1),
    deployment(2),
  ]);
  t.equal(end.end, 'complete');
  t.same(said, ['0 of 2 pods are new', '1 of 2 pods are new', '1 of 2 pods are available']);
  t.equal(looks, 5);
});

t.test('it ends with what failed', async (t) => {
  const gaveUp = deployment(1);
  const conditions = [{ type: 'Progressing', reason: 'ProgressDeadlineExceeded', message: 'timed out progressing' }];
  const status = { observedGeneration: 2, replicas: 2, updatedReplicas: 1, conditions };
  t.match((await waited([deployment(1), { ...gaveUp, status }])).end, { end: 'failed', why: 'timed out progressing' });
  t.match((await waited([deployment(1)])).end, {
    end: 'failed',
    why: 'its rollout was not done after 10 s: 1 of 2 pods are new',
  });
  const taken = { ...deployment(2), spec: { replicas: 2, template: {} } };
  t.match((await waited([deployment(1), taken])).end, { end: 'failed', why: /taken off again/ });
  t.match((await waited([api(404, 'NotFound')])).end, { end: 'failed', why: 'it was deleted meanwhile' });
  t.match((await waited([api(403, 'Forbidden')])).end, { end: 'failed', why: /may not be read any more/ });
  const odd = { ...deployment(1), kind: 'Job' };
  t.match((await waited([odd])).end, { end: 'failed', why: 'it has no rollout' });
});

t.test('an API server that does not answer is asked again, until the time is up', async (t) => {
  for (const error of [api(0, 'NoAnswer'), api(429, 'TooManyRequests'), api(503, 'ServiceUnavailable')]) {
    const { end, said } = await waited([deployment(1), error, error, deployment(2)]);
    t.equal(end.end, 'complete');
    t.same(said, ['1 of 2 pods are new', 'the API server does not answer; asking again']);
  }
  t.match((await waited([api(0, 'NoAnswer')])).end, { end: 'failed', why: /not done after 10 s: the API server does/ });
});

t.test('a pause in the middle is said', async (t) => {
  const { said } = await waited([deployment(1, 1, { paused: true }), deployment(2)]);
  t.same(said, ['it was paused: 1 of 2 pods are new']);
});

t.test('whoever does not wait any longer hears how far it was', async (t) => {
  const { end } = await waited([deployment(1)], 1_000, 3_000);
  t.same(end, { end: 'interrupted', why: '1 of 2 pods are new' });
});

t.test('what is no answer of the API server is thrown', async (t) => {
  const time = createVirtualTime();
  const broken = awaitRollout({
    read: () => Promise.reject(new Error('a fault of ours')),
    at,
    timeoutMs: 1,
    clock: time,
    sleep: time.sleep,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  await t.rejects(broken, { message: 'a fault of ours' });
});
