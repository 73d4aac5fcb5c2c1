import { pino } from 'pino';
import t from 'tap';
import { ClusterFactsReader } from '../../../src/cluster/facts/cluster-facts.js';
import type { JsonObject } from '../../../src/model/json.js';
import type { SeenFacts } from '../../../src/model/recipe.js';
import { fakeTime, forbidden, noAnswer, storedObjects } from '../stored-objects.js';

const log = pino({ level: 'silent' });
const { signal } = new AbortController();

interface Machine {
  readonly arch?: string;
  readonly kubelet?: string;
  readonly runtime?: string;
  readonly labels?: JsonObject;
}

function node(name: string, { arch = 'amd64', kubelet = 'v1.36.3', runtime = '2.2.1', labels = {} }: Machine = {}) {
  const nodeInfo = {
    architecture: arch,
    operatingSystem: 'linux',
    kubeletVersion: kubelet,
    containerRuntimeVersion: `containerd://${runtime}`,
    kernelVersion: '6.12.0',
  };
  return { metadata: { name, labels }, status: { nodeInfo, images: [{ names: ['big'] }] } };
}

/** A reader of a cluster of this version with these nodes, one a page; no nodes: they may not be read. */
function cluster(version: string, nodes: readonly JsonObject[] | undefined, groups: readonly string[] = []) {
  const store = storedObjects();
  const time = fakeTime();
  let pages = 0;
  const get: typeof store.client.get = async (path, options) => {
    if (path !== '/api/v1/nodes') return await store.client.get(path, options);
    const error = await store.fault('GET', path);
    if (error !== undefined) throw error;
    if (nodes === undefined) throw forbidden();
    pages++;
    const at = Number(options?.query?.['continue'] ?? 0);
    const more = at + 1 < nodes.length;
    return {
      items: nodes.slice(at, at + 1),
      metadata: more ? { continue: String(at + 1), remainingItemCount: nodes.length - at - 1 } : {},
    };
  };
  store.put('/version', { gitVersion: version });
  store.put('/apis', { groups: groups.map((name) => ({ name })) });
  const facts = new ClusterFactsReader({ client: { ...store.client, get }, log, random: () => 0.5, ...time });
  return { facts, store, time, pages: () => pages };
}

const mixed = [node('a'), node('b', { kubelet: 'v1.28.9' })];
const virtual = node('v', { labels: { type: 'virtual-kubelet' }, kubelet: 'v1.20.0', runtime: '1.0.0' });
const rows: readonly (readonly [
  what: string,
  version: string,
  nodes: readonly JsonObject[] | undefined,
  native: boolean,
  images: boolean,
  because: RegExp,
])[] = [
  ['all new', 'v1.36.3+k3s1', [node('a'), node('b')], true, true, /the server is v1\.36\.3\+k3s1/],
  ['server of two parts', '1.36-gke', [node('a')], true, true, /1\.36-gke/],
  ['server before GA', 'v1.35.2', [node('a', { kubelet: 'v1.35.2' })], true, false, /the server is/],
  ['an old runtime', 'v1.36.0', [node('a'), node('b', { runtime: '2.1.5' })], true, false, /the server is/],
  ['old kubelets', 'v1.30.14', mixed, false, false, /1 of 2 Linux nodes have a kubelet older than 1\.29/],
  ['new kubelets', 'v1.30.14', [node('a', { kubelet: 'v1.29.1' })], true, false, /every kubelet/],
  ['an old server', 'v1.28.3', [node('a')], false, false, /the server is v1\.28\.3/],
  ['a virtual node beside', 'v1.36.0', [node('a'), virtual], true, true, /the server is/],
  ['serverless', 'v1.36.0', [], true, false, /the server is/],
  ['serverless, older', 'v1.31.0', [], false, false, /no Linux node/],
  ['nodes forbidden', 'v1.36.0', undefined, true, false, /the server is/],
  ['nodes forbidden, older', 'v1.31.0', undefined, false, false, /could not be read/],
];

for (const [what, version, nodes, nativeSidecars, imageVolumes, because] of rows) {
  t.test(`E38: ${what}: native sidecars ${nativeSidecars}, image volumes ${imageVolumes}`, async (t) => {
    const { facts } = cluster(version, nodes);
    t.same(facts.seen(), { nativeSidecars: false, imageVolumes: false, openShift: false }, 'careful until asked');
    t.equal(await facts.refresh(signal), true);
    t.same(facts.seen(), { nativeSidecars, imageVolumes, openShift: false });
    const report = facts.report();
    t.match(report.capabilities.nativeSidecars.because, because);
    t.equal(report.nodes, nodes?.length);
  });
}

t.test('E22: OpenShift is known by its API groups', async (t) => {
  const { facts } = cluster('v1.32.0', [node('a')], ['apps', 'security.openshift.io']);
  await facts.refresh(signal);
  t.equal(facts.seen().openShift, true);
});

t.test('E8: architectures of the nodes, page by page, and none where a node does not say', async (t) => {
  const { facts, pages } = cluster('v1.36.0', [node('a'), node('b', { arch: 'arm64' }), node('c')]);
  t.equal(facts.nodes.architectures(), undefined);
  await facts.refresh(signal);
  t.equal(pages(), 3);
  t.same(facts.nodes.architectures(), ['amd64', 'arm64']);
  t.equal(facts.nodes.architectureOf('b'), 'arm64');
  t.equal(facts.nodes.architectureOf('x'), undefined);
  const silent = cluster('v1.36.0', [node('a'), { metadata: { name: 'new' } }]);
  await silent.facts.refresh(signal);
  t.equal(silent.facts.nodes.architectures(), undefined);
  t.equal(silent.facts.nodes.architectureOf('a'), 'amd64');
});

t.test('asks again, tells of changes alone, and keeps what it knows through a failure', async (t) => {
  const { facts, store, time } = cluster('v1.31.0', [node('a', { kubelet: 'v1.28.0' })]);
  const stop = new AbortController();
  const told: SeenFacts[] = [];
  const running = facts.run(stop.signal, (seen) => told.push(seen));
  await time.advance(60_000);
  t.same(told, [], 'what was assumed holds');
  store.put('/version', { gitVersion: 'v1.36.1' });
  await time.advance(5 * 60_000);
  t.same(told, [{ nativeSidecars: true, imageVolumes: false, openShift: false }]);
  t.equal(facts.seen(), told[0], 'the same object until something changes');
  store.fault = () => noAnswer();
  const before = store.asked.length;
  await time.advance(6 * 60_000);
  t.ok(store.asked.length >= before + 8, 'sooner after a failure');
  t.equal(facts.seen(), told[0]);
  t.equal(facts.report().version, 'v1.36.1');
  stop.abort();
  await running;
});

t.test('is known once everything was answered, and catches up where another replica knows more', async (t) => {
  const { facts, store, time, pages } = cluster('v1.36.0', [node('a')]);
  let known = false;
  void facts.known.then(() => (known = true));
  store.fault = (_method, path) => (path === '/apis' ? noAnswer() : undefined);
  t.equal(await facts.refresh(signal), false);
  t.equal(known, false);
  store.fault = () => undefined;
  await time.advance(10_000);
  await Promise.all([facts.catchUp(signal), facts.catchUp(signal)]);
  t.equal(known, true);
  t.equal(pages(), 2, 'once for both');
  store.put('/version', { gitVersion: 'v1.20.0' });
  await facts.catchUp(signal);
  t.equal(facts.seen().nativeSidecars, true, 'and not again for a while');
  await time.advance(10_000);
  await facts.catchUp(signal);
  t.equal(facts.seen().nativeSidecars, false);
});

t.test('E38: a node that joins is noticed by how many there are, at the cost of one node', async (t) => {
  const nodes = ['a', 'b', 'c', 'd'].map((name) => node(name));
  const { facts, time, pages } = cluster('v1.36.0', nodes);
  const stop = new AbortController();
  const told: SeenFacts[] = [];
  const running = facts.run(stop.signal, (seen) => told.push(seen));
  await time.advance(1_000);
  const { podNodes } = facts;
  t.ok(podNodes.imageVolumes({}).holds);
  t.equal(pages(), 4);
  await time.advance(60_000);
  t.equal(pages(), 6, 'asked twice in a minute');
  nodes.push(node('late', { runtime: '1.7.27' }));
  await time.advance(30_000);
  t.match(podNodes.imageVolumes({}), { holds: false, because: /late \(containerd:\/\/1\.7\.27/ });
  t.equal(facts.podNodes, podNodes, 'always the same object');
  t.match(told.at(-1), { imageVolumes: false });
  nodes.pop();
  await time.advance(30_000);
  t.ok(podNodes.imageVolumes({}).holds, 'and one that goes');
  stop.abort();
  await running;
});

t.test('E38: where nodes may not be read, or do not tell how many they are, nothing is counted', async (t) => {
  for (const nodes of [undefined, [node('a')]]) {
    const { facts, store, time, pages } = cluster('v1.36.0', nodes);
    const stop = new AbortController();
    const running = facts.run(stop.signal, () => undefined);
    await time.advance(1_000);
    const before = pages();
    store.fault = (_method, path) => (path === '/api/v1/nodes' ? noAnswer() : undefined);
    await time.advance(120_000);
    t.equal(pages(), before);
    t.equal(facts.podNodes.imageVolumes({}).holds, nodes !== undefined, 'what is known stays');
    stop.abort();
    await running;
  }
});
