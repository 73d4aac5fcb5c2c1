import { isObject, type JsonObject } from '../../../src/model/json.js';
import { throughTheServer } from '../../support/cluster.js';
import { draft, objectAt } from '../../support/json.js';

/** What a pod is once it runs: with what the API server, the scheduler and the kubelet write into it. */
export function running(pod: JsonObject, createdMs = Date.parse('2026-11-29T10:00:00Z')): JsonObject {
  const copy = draft(throughTheServer(pod));
  const metadata = objectAt(copy, 'metadata');
  metadata['name'] ??= 'web-1';
  metadata['namespace'] ??= 'shop';
  metadata['uid'] = '705ab4f5-6393-11e8-b7cc-42010a800002';
  metadata['creationTimestamp'] = new Date(createdMs).toISOString().replace('.000', '');
  metadata['managedFields'] = [];
  const spec = objectAt(copy, 'spec');
  spec['nodeName'] = 'node-1';
  spec['priority'] = 0;
  spec['preemptionPolicy'] = 'PreemptLowerPriority';
  spec['enableServiceLinks'] = true;
  spec['tolerations'] = [
    { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
  ];
  copy['status'] = { phase: 'Running', qosClass: 'Burstable' };
  if (!isObject(copy)) throw new Error('not an object');
  return copy;
}
