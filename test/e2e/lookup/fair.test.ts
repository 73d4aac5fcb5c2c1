import type { IncomingMessage, ServerResponse } from 'node:http';
import t from 'tap';
import type { JsonObject } from '../../../src/model/json.js';
import { config, sendError, sendManifest, startServer } from '../../image/registry/fake-registry.js';
import { imageMapOf, namespaceOf, podOf, policyOf } from './documents.js';
import { openDoors, type Doors } from './doors.js';

const agent = 'agent.example/agent:1';
const hanging = await startServer(() => undefined);
/** Answers for `shop` at once; of everything else it is slow to say that it is missing, or refuses it for its limit. */
let ofOthers: (response: ServerResponse) => void = (response) =>
  void setTimeout(() => sendError(response, 404, 'MANIFEST_UNKNOWN'), 50);
const shared = await startServer((request: IncomingMessage, response: ServerResponse) => {
  if (request.url?.startsWith('/v2/shop/') !== true) ofOthers(response);
  else if (request.url.includes('/blobs/')) response.end(config);
  else sendManifest(response);
});
t.teardown(() => Promise.all([hanging.close(), shared.close()]));

async function open(): Promise<Doors> {
  const doors = await openDoors(
    [
      ...['noisy', 'web', 'pay'].flatMap((name) => [namespaceOf(name), policyOf(name, {}, agent)]),
      ...[namespaceOf('strict'), policyOf('strict', { prefer: 'Security' }, agent)],
      imageMapOf({ [agent]: { entrypoint: ['/agent'] } }),
    ],
    { hosts: [{ host: '127.0.0.1', plainHttp: true }], egress: { allow: ['127.0.0.1'] } },
  );
  t.teardown(() => doors.images.close());
  return doors;
}

function podOfMany(namespace: string, count: number, imageOf: (at: number) => string): JsonObject {
  const containers = Array.from({ length: count }, (_, at) => ({ name: `c${at}`, image: imageOf(at) }));
  return { ...podOf(namespace, ''), spec: { containers } };
}

t.test('F24: 2,000 containers on a registry that hangs cost another tenant’s pod nothing', async (t) => {
  const doors = await open();
  const ofPod = (pod: number, count: number) =>
    doors.review(podOfMany('noisy', count, (at) => `${hanging.host}/a/b${pod}:${at}`));
  const many = [ofPod(0, 500)];
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(doors.images.stats().inFlight, 50, 'of one pod');
  for (let pod = 1; pod < 16; pod++) many.push(ofPod(pod, 100));
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(doors.images.stats().inFlight, 200, 'of one namespace');
  const victim = await doors.review(podOf('web', `${shared.host}/shop/web:1`));
  t.match(victim, { verdict: 'inject/injected' });
  t.ok(victim.tookMs < 1_000, `${victim.tookMs} ms`);
  const own = await doors.review(podOf('noisy', `${shared.host}/shop/web:2`));
  t.match(own, { verdict: 'skip/too_many_lookups', warnings: [/of its namespace/] }, 'its own is what it costs');
  const [first, ...others] = await Promise.all(many);
  t.match(first, { allowed: true, verdict: 'skip/no_container_instrumented', patch: [] });
  t.ok(others.every(({ allowed, patch }) => allowed && patch.length === 0));
});

t.test('F24: 1,500 missing images on a shared registry delay another tenant’s look-up by a place’s time', async (t) => {
  const doors = await open();
  const many = Array.from({ length: 30 }, (_, pod) =>
    doors.review(podOfMany('noisy', 50, (at) => `${shared.host}/none/p${pod}:${at}`)),
  );
  await new Promise((resolve) => setTimeout(resolve, 20));
  for (const tag of [1, 2, 3]) {
    const victim = await doors.review(podOf('web', `${shared.host}/shop/web:${tag}`));
    t.match(victim, { verdict: 'inject/injected' });
    t.ok(victim.tookMs < 500, `${victim.tookMs} ms`);
  }
  t.ok(doors.images.stats().inFlight > 50, 'while the others were under way');
  await Promise.all(many);
});

t.test('F24: what is over the cap is the pod’s own: left out, and denied under Security', async (t) => {
  const doors = await open();
  const imageOf = (at: number): string => `${shared.host}/shop/app:${at}`;
  const reviewed = await doors.review(podOfMany('strict', 60, imageOf));
  t.match(reviewed, { verdict: 'partial/too_many_lookups' }, 'said at the mutating door');
  const denied = await doors.review(podOfMany('strict', 60, imageOf), { door: 'validate' });
  t.match(denied, { allowed: false });
  const again = await doors.review(podOfMany('strict', 60, imageOf));
  t.match(again, { verdict: 'inject/injected' }, 'the next one finds what was looked up');
});

t.test(
  'F24: 150 images against a registry’s limit of 100 leave another tenant’s look-ups to the registry',
  async (t) => {
    const doors = await open();
    let left = 100;
    ofOthers = (response) => {
      if (left-- > 0) sendError(response, 404, 'MANIFEST_UNKNOWN');
      else sendError(response, 429, 'TOOMANYREQUESTS', { 'retry-after': '600' });
    };
    const drawn = await Promise.all(
      [0, 1, 2].map((pod) => doors.review(podOfMany('noisy', 50, (at) => `${shared.host}/none/p${pod}:${at}`))),
    );
    t.ok(drawn.every(({ allowed }) => allowed));
    t.ok(left < 0, 'the limit was met');
    const asked = shared.asked.length;
    const own = await doors.review(podOf('noisy', `${shared.host}/shop/own:1`));
    t.match(own, { verdict: 'skip/registry_rate_limited' });
    t.equal(shared.asked.length, asked, 'and is not met again');
    t.match(await doors.review(podOf('web', `${shared.host}/shop/web:1`)), { verdict: 'inject/injected' });
    doors.passMs(500_000);
    t.match(await doors.review(podOf('web', `${shared.host}/shop/web:2`)), { verdict: 'inject/injected' }, 'nor later');
  },
);
