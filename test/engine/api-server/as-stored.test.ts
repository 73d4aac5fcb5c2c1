import t from 'tap';
import { asJson } from '../../../src/model/json.js';
import {
  containerAsStored,
  mountAsStored,
  variableAsStored,
  volumeAsStored,
} from '../../../src/engine/api-server/as-stored.js';

t.test('W53: parts are in the parameters as the API server stores them', (t) => {
  const resources = {
    requests: { memory: '1024Mi' },
    limits: { cpu: '1000m', memory: '2Gi', 'ephemeral-storage': '1500M' },
  };
  t.same(containerAsStored({ name: 'a', image: 'x:1', env: [], resources }), {
    name: 'a',
    image: 'x:1',
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    resources: {
      limits: { cpu: '1', memory: '2Gi', 'ephemeral-storage': '1500M' },
      requests: { cpu: '1', memory: '1Gi', 'ephemeral-storage': '1500M' },
    },
  });
  t.match(containerAsStored({ name: 'a', image: 'x' }), { imagePullPolicy: 'Always', resources: {} });
  t.same(volumeAsStored({ name: 'v', emptyDir: { sizeLimit: '1024Mi' } }), {
    name: 'v',
    emptyDir: { sizeLimit: '1Gi' },
  });
  t.same(volumeAsStored({ name: 'v', image: { reference: 'x' } }), {
    name: 'v',
    image: { reference: 'x', pullPolicy: 'Always' },
  });
  t.same(volumeAsStored({ name: 'v', hostPath: { path: '/x' } }), { name: 'v', hostPath: { path: '/x' } });
  t.same(variableAsStored({ name: 'A', value: '' }), { name: 'A' });
  t.same(variableAsStored({ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }), {
    name: 'A',
    valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } },
  });
  t.same(mountAsStored({ name: 'v', mountPath: '/x', subPath: '', readOnly: false }), { name: 'v', mountPath: '/x' });
  t.end();
});

t.test('amounts are in the API server’s canonical form', (t) => {
  const stored = (amount: string): unknown => {
    const resources = containerAsStored({ resources: { requests: { x: amount } } })['resources'];
    return asJson(resources);
  };
  for (const [given, wanted] of [
    ['0', '0'],
    ['0.5', '500m'],
    ['1000', '1k'],
    ['1000Ki', '1000Ki'],
    ['1048576Ki', '1Gi'],
    ['1000M', '1G'],
    ['1Pi', '1Pi'],
    ['100m', '100m'],
    ['512', '512'],
  ] as const) {
    t.same(stored(given), { requests: { x: wanted } }, given);
  }
  t.end();
});
