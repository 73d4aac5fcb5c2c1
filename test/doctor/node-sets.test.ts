import t from 'tap';
import { nodeOf, setsOf } from './nodes.js';

t.test('E38: nodes that are alike are one set, whatever they are called', (t) => {
  const nodes = setsOf([
    nodeOf('a'),
    nodeOf('b'),
    nodeOf('c', { labels: { disk: 'ssd' } }),
    nodeOf('old', { runtime: 'containerd://1.7.2' }),
    nodeOf('w', { labels: { 'kubernetes.io/os': 'windows' } }),
  ]);
  t.same(
    nodes.sets.map(({ count, imageVolumes, example }) => [count, imageVolumes, example]),
    [
      [2, true, 'a (containerd://2.4.2, kubelet v1.36.3)'],
      [1, true, 'c (containerd://2.4.2, kubelet v1.36.3)'],
      [1, false, 'old (containerd://1.7.2, kubelet v1.36.3)'],
    ],
  );
  t.equal(nodes.named('b'), nodes.sets[0]);
  t.equal(nodes.onHost('c'), nodes.sets[1]);
  t.equal(nodes.named('w'), undefined, 'a Windows node is none of them');
  t.ok(nodes.knows('disk'));
  t.ok(nodes.knows('nobody/has-it'));
  t.notOk(nodes.knows('kubernetes.io/hostname'));
  t.ok(nodes.areApart);
  t.end();
});

t.test('E38: taints that pass keep nobody off for long, so they are no part of a set', (t) => {
  const taints = [
    { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' },
    { key: 'node.cloudprovider.kubernetes.io/uninitialized', effect: 'NoSchedule' },
    { key: 'node.cilium.io/agent-not-ready', effect: 'NoSchedule' },
    { key: 'team', value: 'a', effect: 'PreferNoSchedule' },
    { key: 'team', value: 'b', effect: 'NoSchedule' },
  ];
  const nodes = setsOf([nodeOf('a', { taints })]);
  t.same(nodes.sets[0]?.taints, [{ key: 'team', value: 'b', effect: 'NoSchedule' }]);
  t.end();
});

t.test('E38: what is kept of ten thousand nodes is few sets, and a label of each node’s own is left out', (t) => {
  const nodes = Array.from({ length: 10_000 }, (_, index) =>
    nodeOf(`node-${index}`, {
      labels: {
        'machine.example/serial': `s-${index}`,
        'topology.kubernetes.io/zone': `zone-${index % 3}`,
        'node.kubernetes.io/instance-type': `type-${index % 40}`,
        rack: `rack-${index % 64}`,
      },
      ...(index % 1000 === 7 ? { runtime: 'containerd://2.1.5' } : {}),
    }),
  );
  const beganMs = performance.now();
  const sets = setsOf(nodes);
  const tookMs = performance.now() - beganMs;
  t.ok(sets.sets.length <= 256, `${sets.sets.length} sets in ${Math.round(tookMs)} ms`);
  t.ok(sets.areApart);
  t.notOk(sets.knows('machine.example/serial'));
  t.ok(sets.knows('topology.kubernetes.io/zone'), 'what tells few sets apart stays');
  t.equal(
    sets.sets.reduce((sum, { count }) => sum + count, 0),
    10_000,
    'each is counted once',
  );
  t.equal(sets.named('node-7')?.imageVolumes, false);
  t.equal(sets.named('node-8')?.imageVolumes, true);
  t.equal(sets.onHost('node-9999'), sets.named('node-9999'));
  const first = sets.named('node-0');
  t.ok(first !== undefined && sets.sets.includes(first), 'a set that others were put into');
  t.end();
});

t.test('E38: nodes that nothing but their taints tells apart are too unlike, beyond a bound', (t) => {
  const nodes = Array.from({ length: 300 }, (_, index) =>
    nodeOf(`n-${index}`, { taints: [{ key: 'team', value: String(index), effect: 'NoSchedule' }] }),
  );
  t.notOk(setsOf(nodes).areApart);
  t.ok(setsOf(nodes.slice(0, 200)).areApart);
  t.end();
});

t.test('E38: labels whose names are each node’s own are looked at up to a bound, and cost no more than that', (t) => {
  const nodes = Array.from({ length: 3_000 }, (_, index) =>
    nodeOf(`node-${index}`, {
      labels: {
        disk: index % 2 === 0 ? 'ssd' : 'hdd',
        ...Object.fromEntries(Array.from({ length: 20 }, (_, label) => [`own.example/n${index}-${label}`, 'true'])),
      },
    }),
  );
  const before = process.cpuUsage();
  const sets = setsOf(nodes);
  const { user } = process.cpuUsage(before);
  t.ok(user < 10_000_000, `${Math.round(user / 1000)} ms`);
  t.ok(sets.sets.length <= 256 && sets.areApart);
  t.notOk(sets.knows('own.example/n2999-1'));
  t.notOk(sets.knows('nobody/has-it'), 'nor is it known of a label that it was not looked for');
  t.not(sets.named('node-2999'), undefined);
  t.end();
});
