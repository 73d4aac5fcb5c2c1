import t from 'tap';
import { podTrouble } from '../../../src/cluster/rollout/pod-trouble.js';
import type { JsonObject } from '../../../src/model/json.js';

const pod = (name: string, status: JsonObject): JsonObject => ({ metadata: { name }, status });
const waiting = (name: string, reason: string, message?: string) => ({
  name,
  state: { waiting: { reason, ...(message === undefined ? {} : { message }) } },
});

t.test('the first pod that says why it is not ready is named with its reason', (t) => {
  const well = pod('a', { containerStatuses: [{ name: 'app', state: { running: {} } }] });
  const coming = pod('b', { containerStatuses: [waiting('app', 'PodInitializing')] });
  const crashing = pod('c', { containerStatuses: [waiting('app', 'CrashLoopBackOff', 'back-off 10s')] });
  t.equal(podTrouble([well, coming, crashing]), 'pod c: container app: CrashLoopBackOff: back-off 10s');
  const initing = pod('d', { initContainerStatuses: [waiting('copy', 'ImagePullBackOff')] });
  t.equal(podTrouble([initing]), 'pod d: container copy: ImagePullBackOff');
  const pending = pod('e', { conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes' }] });
  t.equal(podTrouble([pending]), 'pod e: not scheduled: 0/3 nodes');
  t.equal(podTrouble([well, coming]), undefined);
  t.equal(podTrouble([]), undefined);
  t.end();
});
