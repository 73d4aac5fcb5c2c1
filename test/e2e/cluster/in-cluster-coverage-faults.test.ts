import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { countsIn } from './coverage-scene.js';
import { until } from './guarded-process.js';
import { clientOf } from './in-cluster.js';
import { install } from './installation.js';
import { ago } from './node-says.js';
import { accessKey, labelled, messageOf, namespace, policy } from './objects.js';
import { pod } from './pods.js';
import { ofLongAgo, startPodListProxy, type LaterPage } from './pod-list-proxy.js';

t.setTimeout(900_000);

// A look at 300 pods, of two pages, in whose middle something goes wrong.

const here = await install({ values: { audit: { minutes: 0.1 } } });
t.teardown(() => here.stop());
const passes: LaterPage = (url) => Promise.resolve(url);
const isCut: LaterPage = () => Promise.resolve(undefined);
let laterPage = passes;
const proxy = await startPodListProxy(here.api, here.identity.kubeconfig, (url) => laterPage(url));
t.teardown(() => proxy.stop());
const throughProxy = [`--kubeconfig=${proxy.kubeconfig}`];

await here.apply([namespace('shop', labelled), accessKey('shop')]);
await until('the ServiceAccount of shop', () => here.get('serviceaccount', 'default', 'shop').then(() => true));
const admin = clientOf(here.api.kubeconfig);
t.teardown(() => admin.close());
const podNames = Array.from({ length: 300 }, (_, index) => `early-${index}`);
const toMake = podNames.values();
const make = async (): Promise<void> => {
  for (const name of toMake) await admin.create('/api/v1/namespaces/shop/pods', pod(name));
};
await Promise.all(Array.from({ length: 16 }, make));
const one = await here.addReplica('one', throughProxy);

const found = (): Promise<JsonObject> => here.get('ipol', 'default');
const coverage = async (): Promise<JsonObject> => objectOf(objectOf((await found())['status'])?.['coverage']) ?? {};
const observedAt = async (): Promise<string> => stringOf((await coverage())['observedAt']) ?? '';

/** When the last look was, once its result is written: that takes a moment, and no other comes while one is held. */
async function standsAt(): Promise<string> {
  for (let before = ''; ;) {
    const now = await observedAt();
    if (now !== '' && now === before) return now;
    before = now;
    await sleep(2_000);
  }
}

/** Waits for a look that began after another one. */
async function lookAfter(before: string): Promise<void> {
  await until('a later look', async () => (await observedAt()) > before);
}

async function counts(wanted: string): Promise<void> {
  await until(wanted, async () => countsIn(await found()) === wanted).catch(async (cause: unknown) => {
    throw new Error(`there is ${JSON.stringify(await coverage())}`, { cause });
  });
}

/** Takes the last ones away. */
async function removePods(count: number): Promise<void> {
  const names = podNames.splice(-count);
  await here.api.kubectl(['delete', 'pods', '-n', 'shop', '--grace-period=0', '--force', ...names]);
}

/** Holds the next second page until it is released. */
function hold(): { readonly isHeld: () => boolean; readonly release: (then: LaterPage) => void } {
  let isHeld = false;
  let go: (then: LaterPage) => void = () => undefined;
  const released = new Promise<LaterPage>((resolve) => (go = resolve));
  laterPage = async (url) => {
    isHeld = true;
    return (await released)(url);
  };
  return {
    isHeld: () => isHeld,
    release: (then) => {
      laterPage = then;
      go(then);
    },
  };
}

t.test('a list that the API server has forgotten is begun anew: a 410, and nothing is counted twice', async (t) => {
  await here.apply([policy('default', labelled)]);
  await counts('missed=300');
  await removePods(10);
  await here.api.compact();
  const asked = proxy.asked.length;
  const before = await observedAt();
  laterPage = (url) => {
    laterPage = passes;
    return Promise.resolve(ofLongAgo(url));
  };
  await until('a 410', () => Promise.resolve(proxy.asked.slice(asked).some(({ status }) => status === 410)));
  await lookAfter(before);
  await counts('missed=290');
  const since = proxy.asked.slice(asked);
  const gone = since.findIndex(({ status }) => status === 410);
  t.same(since.slice(gone - 1, gone + 3), [
    { isLater: false, status: 200 },
    { isLater: true, status: 410 },
    { isLater: false, status: 200 },
    { isLater: true, status: 200 },
  ]);
  t.notMatch(one.process.output(), 'could not be looked at');
  t.equal((await coverage())['truncated'], undefined);
});

t.test(
  'an API server that goes away in the middle: the result from before stays, with its date, and why',
  async (t) => {
    const held = hold();
    await until('a look in its middle', () => Promise.resolve(held.isHeld()));
    const before = await standsAt();
    await here.api.halt();
    held.release(isCut);
    await until('a look that fails', () => Promise.resolve(one.process.output().includes('could not be looked at')));
    await here.api.resume();
    await until('the trouble in the status', async () => (await coverage())['truncated'] !== undefined);
    t.match(await coverage(), { observedAt: before, missed: 290, truncated: 'the API server did not answer' });
    t.match(
      messageOf(await found(), 'Covered'),
      `That was at ${before}; a later look did not come through: the API server did not answer.`,
    );
    laterPage = passes;
    await lookAfter(before);
    t.match(await coverage(), { missed: 290, readWhole: 290 });
    await until('no trouble', async () => (await coverage())['truncated'] === undefined);
  },
);

t.test('a leader that is killed in the middle of a look: the next one counts each pod once', async (t) => {
  const two = await here.addReplica('two', throughProxy);
  const held = hold();
  await until('a look in its middle', () => Promise.resolve(held.isHeld()));
  await removePods(30);
  const killedAtMs = performance.now();
  await here.kill(one);
  // What the status says may still be from a look before the one that was held.
  const before = ago(0);
  t.equal(countsIn(await found()), 'missed=290', 'half a look is not told');
  held.release(passes);
  await until('the next leader', async () => (await two.metric('outrider_leader')) === 1);
  await lookAfter(before);
  t.comment(`${((performance.now() - killedAtMs) / 1000).toFixed(0)} s after the kill`);
  t.equal(countsIn(await found()), 'missed=260');
  t.match(await coverage(), { readWhole: 260 });
});
