import t from 'tap';
import { landingOf } from '../../src/doctor/landing.js';
import type { JsonObject } from '../../src/model/json.js';
import { nodeOf, setsOf } from './nodes.js';

const nodes = [
  nodeOf('plain'),
  nodeOf('fast', { labels: { disk: 'ssd', cores: '16' } }),
  nodeOf('kept', { taints: [{ key: 'team', value: 'a', effect: 'NoSchedule' }] }),
];
const sets = setsOf(nodes);

/** How a pod of this spec fares on each node. */
function fares(spec: JsonObject): string {
  const landing = landingOf(spec, sets);
  return sets.sets.map(landing).join(' ');
}

const required = (...terms: readonly JsonObject[]): JsonObject => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
});
const expression = (key: string, operator: string, ...values: readonly string[]): JsonObject => ({
  matchExpressions: [{ key, operator, values }],
});

const rows: readonly (readonly [what: string, spec: JsonObject, fares: string])[] = [
  ['nothing said', {}, 'yes yes no'],
  ['a label', { nodeSelector: { disk: 'ssd' } }, 'no yes no'],
  ['a label that none has', { nodeSelector: { disk: 'tape' } }, 'no no no'],
  ['two labels, one of them missing', { nodeSelector: { disk: 'ssd', gpu: 'yes' } }, 'no no no'],
  ['a host', { nodeSelector: { 'kubernetes.io/hostname': 'plain' } }, 'yes no no'],
  ['a host that nobody knows', { nodeSelector: { 'kubernetes.io/hostname': 'gone' } }, 'no no no'],
  ['In', required(expression('disk', 'In', 'hdd', 'ssd')), 'no yes no'],
  ['NotIn', required(expression('disk', 'NotIn', 'ssd')), 'yes no no'],
  ['Exists', required(expression('disk', 'Exists')), 'no yes no'],
  ['DoesNotExist', required(expression('disk', 'DoesNotExist')), 'yes no no'],
  ['Gt', required(expression('cores', 'Gt', '8')), 'no yes no'],
  ['Lt', required(expression('cores', 'Lt', '8')), 'no no no'],
  ['an operator that nobody knows yet', required(expression('cores', 'About', '8')), 'maybe maybe no'],
  ['one of two terms', required(expression('disk', 'Exists'), expression('disk', 'DoesNotExist')), 'yes yes no'],
  ['a term that asks for nothing', required({}), 'no no no'],
  ['no terms', required(), 'no no no'],
  [
    'a DaemonSet’s node',
    required({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['fast'] }] }),
    'no yes no',
  ],
  [
    'another field',
    required({ matchFields: [{ key: 'metadata.uid', operator: 'In', values: ['x'] }] }),
    'maybe maybe no',
  ],
  ['not on one host', required(expression('kubernetes.io/hostname', 'NotIn', 'fast')), 'maybe maybe no'],
  ['some host', required(expression('kubernetes.io/hostname', 'Exists')), 'maybe maybe no'],
  ['tolerates all', { tolerations: [{ operator: 'Exists' }] }, 'yes yes yes'],
  ['tolerates the key', { tolerations: [{ key: 'team', operator: 'Exists' }] }, 'yes yes yes'],
  ['tolerates the value', { tolerations: [{ key: 'team', value: 'a' }] }, 'yes yes yes'],
  ['tolerates another value', { tolerations: [{ key: 'team', operator: 'Equal', value: 'b' }] }, 'yes yes no'],
  [
    'tolerates another effect',
    { tolerations: [{ key: 'team', operator: 'Exists', effect: 'NoExecute' }] },
    'yes yes no',
  ],
  [
    'tolerates by an operator that nobody knows',
    { tolerations: [{ key: 'team', operator: 'Gt', value: '1' }] },
    'yes yes maybe',
  ],
  [
    'preferred alone',
    { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } } },
    'yes yes no',
  ],
  ['bound to a node, whatever its taints', { nodeName: 'kept', nodeSelector: { disk: 'ssd' } }, 'no no yes'],
  ['bound to one that nobody knows', { nodeName: 'gone' }, 'no no no'],
  ['lists of another shape', { tolerations: [null, 'x'], nodeSelector: ['disk'], affinity: 'none' }, 'yes yes no'],
];

for (const [what, spec, expected] of rows) {
  t.test(`E38: ${what}: ${expected}`, (t) => {
    t.equal(fares(spec), expected);
    t.end();
  });
}

t.test('E38: what is asked of a label that is not kept, a node may or may not meet', (t) => {
  const many = setsOf(Array.from({ length: 100 }, (_, at) => nodeOf(`n-${at}`, { labels: { serial: String(at) } })));
  t.equal(many.sets.length, 1);
  const on = (spec: JsonObject) => many.sets.map(landingOf(spec, many)).join(' ');
  t.equal(on({ nodeSelector: { serial: '7' } }), 'maybe');
  t.equal(on(required(expression('kubernetes.io/hostname', 'NotIn', 'n-7'))), 'yes', 'others are left');
  t.end();
});

t.test('E38: Fargate’s nodes are given by something else than the scheduler', (t) => {
  const fargate = setsOf([
    nodeOf('f', {
      labels: { 'eks.amazonaws.com/compute-type': 'fargate' },
      taints: [{ key: 'eks.amazonaws.com/compute-type', value: 'fargate', effect: 'NoSchedule' }],
    }),
  ]);
  t.equal(fargate.sets.map(landingOf({}, fargate)).join(' '), 'maybe');
  t.end();
});
