import t from 'tap';
import { wouldBeLookedUp, wouldBeNow } from '../../../src/engine/coverage/would-be.js';
import type { Engine } from '../../../src/engine/engine.js';
import { wouldText, type WouldBeOf } from '../../../src/model/coverage.js';
import type { JsonObject } from '../../../src/model/json.js';
import { names } from '../../../src/model/names.js';
import { engineFor } from '../../support/engine.js';
import { podOf, podWith } from '../../support/pods.js';
import { running } from './running.js';

const shop = { namespace: 'shop', labels: {} };
const agent = { 'quay.io/sysdig/workload-agent:6.3.0': { entrypoint: ['/agent'], cmd: [] } };
const asked = {
  'shop/found:1': { entrypoint: ['/found'], cmd: [] },
  'shop/init:1': { entrypoint: ['/init'], cmd: [] },
};
const report = { mode: 'Report', prefer: 'Security' };
const withoutCommand = (image: string): JsonObject => podWith({ command: undefined, image });
const text = (would: WouldBeOf | undefined): string =>
  would === undefined ? 'none' : `${would.decision} ${would.reason} ${would.ifFound ?? ''}`.trim();

t.test('what would be done is said as far as it is known without a look-up', (t) => {
  const engine = engineFor(report, { known: { 'shop/known:1': { entrypoint: ['/app'], cmd: [] } } });
  const now = (pod: JsonObject, by: Engine = engine): string => text(wouldBeNow(running(pod), shop, by));
  t.equal(now(podOf()), 'inject injected');
  t.equal(now(withoutCommand('shop/known:1')), 'inject injected');
  t.equal(now(withoutCommand('shop/unheard-of:1')), 'unknown image_not_looked_up inject');
  t.equal(now(podOf({ hostNetwork: true })), 'deny host_network', 'no image is needed to say that');
  t.equal(now(podOf({}, { name: 'web', labels: { [names.inject]: 'disabled' } })), 'skip pod_opted_out');
  t.equal(now(podOf(), engineFor({ ...report, mode: 'Inject' })), 'none');
  t.equal(now(podOf(), engineFor({ ...report, mode: 'Off' })), 'none');
  const canary = { percent: 0, previous: undefined };
  t.equal(now(podOf(), engineFor({ mode: 'Report', canary })), 'skip canary_excluded', 'whom a canary leaves out');
  t.equal(now(podOf(), engineFor({ mode: 'Report', canary: { percent: 100 } }, { known: agent })), 'inject injected');
  t.end();
});

t.test('with look-ups it is what a new pod would get', async (t) => {
  const engine = engineFor(report, { asked });
  const { signal } = new AbortController();
  const found = async (pod: JsonObject) =>
    text(await wouldBeLookedUp(running(pod), shop, engine, engine.images, signal));
  t.equal(await found(withoutCommand('shop/found:1')), 'inject injected');
  t.equal(await found(withoutCommand('shop/init:1')), 'deny pid1_in_pod');
  t.equal(await found(withoutCommand('shop/nowhere:1')), 'deny registry_unreachable');
});

t.test('nothing is made for it: the Secrets of a policy that mirrors are not copied', async (t) => {
  const effects: boolean[] = [];
  const engine = engineFor(
    { ...report, credentials: { secretRef: { name: 's', key: 'k' }, mirror: true } },
    {
      asked,
      credentials: {
        prepare: (_namespace, _rule, made) => {
          effects.push(made);
          return undefined;
        },
        detail: () => undefined,
        version: () => undefined,
      },
    },
  );
  await wouldBeLookedUp(running(podOf()), shop, engine, engine.images, new AbortController().signal);
  t.same(effects, [false]);
});

t.test('it reads as a list of numbers, each with its reason', (t) => {
  const would = [
    { decision: 'inject', reason: 'injected', pods: 12 },
    { decision: 'deny', reason: 'host_network', pods: 2 },
    { decision: 'unknown', reason: 'image_not_looked_up', ifFound: 'inject', pods: 1 },
    { decision: 'unknown', reason: 'instrumented_before', pods: 3 },
  ] as const;
  t.equal(
    wouldText(would),
    '12 inject, 2 deny (host_network), 1 inject if the images are found, 3 unknown (instrumented_before)',
  );
  t.end();
});
