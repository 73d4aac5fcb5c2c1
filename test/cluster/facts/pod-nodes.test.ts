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
