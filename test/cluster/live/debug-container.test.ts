import t from 'tap';
import type { ApiClient } from '../../../src/cluster/client/api-client.js';
import { runDebugContainer, type DebugRan } from '../../../src/cluster/live/debug-container.js';
import { objectOf, type JsonObject } from '../../../src/model/json.js';
import { fakeApi, fakeTiming, refusal } from '../fake-api.js';

const path = '/api/v1/namespaces/shop/pods/web';
const asked = {
  namespace: 'shop',
  pod: 'web',
  container: { name: 'looker', image: 'x' },
  timeoutMs: 1_000,
  patienceMs: 3_000,
};

/** Runs it on a pod whose debug container goes through these states, one for each look. */
async function run(
  states: readonly JsonObject[],
  options: { readonly dropped?: boolean; readonly has?: boolean } = {},
) {
  const api = fakeApi();
  const timing = fakeTiming();
  const has = options.has === true ? { ephemeralContainers: [{ name: 'other' }] } : {};
  api.put(path, { spec: { ...has } });
  let looks = 0;
  let operation: unknown;
  const client: ApiClient = {
    ...api.client,
    get: async (at, how) => {
      const pod = await api.client.get(at, how);
      const state = states[Math.min(looks++, states.length) - 1];
      return { ...pod, status: { ephemeralContainerStatuses: state === undefined ? [] : [{ name: 'looker', state }] } };
    },
    patch: (_, kind, body) => {
      operation = [kind, body];
      return Promise.resolve({ spec: { ephemeralContainers: options.dropped === true ? [] : [asked.container] } });
    },
  };
  const readText = (at: string): Promise<string> => Promise.resolve(`log of ${at}`);
  let ran: DebugRan | undefined;
  const running = runDebugContainer({ client, readText }, asked, timing).then((result) => (ran = result));
  for (let turn = 0; turn < 20 && ran === undefined; turn++) await timing.advance(500);
  await running;
  return { ran, operation };
}

t.test('its output is read once it has ended', async (t) => {
  const { ran, operation } = await run([
    { waiting: { reason: 'PodInitializing' } },
    { running: {} },
    { terminated: {} },
  ]);
  t.same(ran, { added: true, text: `log of ${path}/log?container=looker` });
  t.same(operation, ['json', [{ op: 'add', path: '/spec/ephemeralContainers', value: [asked.container] }]]);
  const second = await run([{ terminated: {} }], { has: true });
  t.same(second.operation, ['json', [{ op: 'add', path: '/spec/ephemeralContainers/-', value: asked.container }]]);
});

t.test(
  'an image that cannot be pulled, and one that does not end: the container stays, and that is an answer',
  async (t) => {
    t.match((await run([{ waiting: { reason: 'ImagePullBackOff' } }])).ran, {
      added: true,
      text: undefined,
      why: 'it waits: ImagePullBackOff after 3 s',
    });
    t.match((await run([{ running: {} }])).ran, { added: true, text: undefined });
    t.match((await run([], { dropped: true })).ran, { added: false });
  },
);

t.test('what the API server refuses is thrown before it is added, and an answer afterwards', async (t) => {
  const api = fakeApi();
  const timing = fakeTiming();
  const readText = (): Promise<string> => Promise.resolve('');
  await t.rejects(runDebugContainer({ client: api.client, readText }, asked, timing), refusal(404, 'NotFound'));
  api.put(path, { spec: {} });
  const forbidden = { ...api.client, patch: () => Promise.reject(refusal(403, 'Forbidden')) };
  await t.rejects(runDebugContainer({ client: forbidden, readText }, asked, timing), refusal(403, 'Forbidden'));
  let looks = 0;
  const failing: ApiClient = {
    ...api.client,
    get: (at) => (looks++ === 0 ? api.client.get(at) : Promise.reject(refusal(500, 'InternalError'))),
    patch: (_, __, body) =>
      Promise.resolve({ spec: { ephemeralContainers: [asked.container] }, body: objectOf(body) ?? null }),
  };
  t.match(await runDebugContainer({ client: failing, readText }, asked, timing), { added: true, text: undefined });
});
