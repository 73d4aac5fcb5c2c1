import t from 'tap';
import { KnownPodNodes } from '../../../src/cluster/facts/pod-nodes.js';
import { nodeOf, setsOf } from '../../doctor/nodes.js';

const capable = setsOf([nodeOf('a', { labels: { disk: 'ssd' } })]);

t.test('E38: nothing holds before it is known', (t) => {
  const nodes = new KnownPodNodes();
  t.match(nodes.imageVolumes({}), { holds: false, because: /version is not known/ });
  nodes.know('v1.36.3', undefined);
  t.match(nodes.imageVolumes({}), { holds: false, because: /could not be read/ });
  nodes.know('v1.35.2', capable);
  t.match(nodes.imageVolumes({}), { holds: false, because: /v1\.35\.2, older than 1\.36/ });
  nodes.know('nonsense', capable);
  t.equal(nodes.imageVolumes({}).holds, false);
  t.end();
});

t.test('E38: whether what a pod says about its node makes a difference', (t) => {
  const nodes = new KnownPodNodes();
  const old = nodeOf('old', { runtime: 'containerd://2.1.0' });
  const growing = nodeOf('new', { labels: { 'karpenter.sh/nodepool': 'default' } });
  t.ok(nodes.isSameForAll(), 'nothing is known');
  t.notOk(nodes.know('v1.36.3', setsOf([old])), 'as while nothing was known');
  t.ok(nodes.isSameForAll(), 'no node mounts them');
  t.notOk(nodes.know('v1.36.3', setsOf([old, growing])));
  t.ok(nodes.isSameForAll(), 'what may grow is not relied on');
  t.ok(nodes.know('v1.36.3', setsOf([old, nodeOf('a')])));
  t.notOk(nodes.isSameForAll(), 'a pod can ask for the one or the other');
  t.ok(nodes.know('v1.36.3', capable), 'pods that ask for nothing get another answer');
  t.notOk(nodes.isSameForAll(), 'a pod can ask for a node that is not there yet');
  t.ok(nodes.know('v1.35.2', capable));
  t.ok(nodes.isSameForAll());
  t.end();
});

t.test('E38: the answer for pods that ask for nothing is kept until something else is known', (t) => {
  const nodes = new KnownPodNodes();
  nodes.know('v1.36.3', capable);
  const first = nodes.imageVolumes({});
  t.ok(first.holds);
  t.equal(nodes.imageVolumes({ containers: [] }), first, 'the same object');
  t.ok(nodes.imageVolumes({ nodeSelector: { disk: 'ssd' } }).holds);
  t.notOk(nodes.imageVolumes({ nodeSelector: { disk: 'hdd' } }).holds);
  nodes.know('v1.36.3', setsOf([nodeOf('a'), nodeOf('b', { runtime: 'containerd://2.1.0' })]));
  t.notOk(nodes.imageVolumes({}).holds, 'a node has joined');
  t.end();
});
