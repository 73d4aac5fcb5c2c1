import fc from 'fast-check';
import t from 'tap';
import { instrument } from '../../../src/engine/instrument.js';
import { namespaceKey } from '../../../src/engine/preview/namespace-key.js';
import { mayLookUp, templateKey } from '../../../src/engine/preview/template-key.js';
import type { JsonObject } from '../../../src/model/json.js';
import { engineOf, policyText } from '../../support/engine.js';

const profile = { name: 'sysdig', settings: { region: 'us2' } };
const engine = engineOf(
  [
    policyText('labelled', { profile, precedence: 2, match: { podSelector: { matchLabels: { tier: 'front' } } } }),
    policyText('canary', {
      profile,
      precedence: 1,
      match: { namespaceSelector: { matchLabels: { canary: 'yes' } } },
      canary: { percent: 50 },
    }),
    policyText('default', { profile, match: { namespaceSelector: { matchLabels: { inject: 'yes' } } } }),
  ].join(''),
  { secretState: (namespace) => (namespace === 'keyless' ? 'missing' : 'present') },
);

const podArbitrary = fc.record({
  labels: fc.dictionary(
    fc.constantFrom(
      'app',
      'tier',
      'version',
      'outrider.dev/inject',
      'app.kubernetes.io/name',
      'eks.amazonaws.com/fargate-profile',
    ),
    fc.constantFrom('front', 'disabled'),
    { maxKeys: 2 },
  ),
  annotations: fc.dictionary(
    fc.constantFrom('checksum/config', 'kubectl.kubernetes.io/restartedAt', 'outrider.dev/containers', 'note'),
    fc.constantFrom('app', 'x'),
    { maxKeys: 1 },
  ),
  hostNetwork: fc.boolean(),
  command: fc.constantFrom('/app', '/init'),
  node: fc.constantFrom('a', 'b'),
});
const placeArbitrary = fc.record({
  namespace: fc.constantFrom('shop', 'bank', 'keyless', 'kube-system'),
  labels: fc.dictionary(
    fc.constantFrom('inject', 'canary', 'team', 'pod-security.kubernetes.io/enforce'),
    fc.constantFrom('yes', 'baseline'),
  ),
  workload: fc.record({
    kind: fc.constantFrom('Deployment', 'StatefulSet'),
    name: fc.constantFrom('web', 'api', 'db', 'mail'),
  }),
});

interface Drawn {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly hostNetwork: boolean;
  readonly command: string;
  readonly node: string;
}

function podOf({ labels, annotations, hostNetwork, command, node }: Drawn): JsonObject {
  return {
    metadata: { labels, annotations },
    spec: { hostNetwork, nodeName: node, containers: [{ name: 'app', image: 'acme/app:1', command: [command] }] },
  };
}

t.test('templates with the same key are decided alike', (t) => {
  const seen = new Map<string, string>();
  let met = 0;
  fc.assert(
    fc.property(podArbitrary, placeArbitrary, (drawn, { namespace, labels, workload }) => {
      const pod = podOf(drawn);
      const about = { pod, namespace, workload, namespaceKey: namespaceKey(namespace, labels, [engine]), also: '' };
      const key = templateKey(about, [engine]);
      const outcome = instrument(
        { pod, namespace, namespaceLabels: labels, door: 'mutate', admitted: true, trace: false, workload },
        engine,
      );
      if (outcome instanceof Promise) throw new Error('this asks a registry');
      const { decision, reason, policy } = outcome.decision;
      const parts = outcome.patch.filter(({ path }) => !path.startsWith('/metadata'));
      const text = JSON.stringify([decision, reason, policy, parts]);
      const before = seen.get(key);
      if (before !== undefined) met += 1;
      seen.set(key, text);
      return before === undefined || before === text;
    }),
    { numRuns: 3_000 },
  );
  t.ok(met > 300, `${met} of 3,000 had a key that was there before`);
  t.end();
});

t.test('what only says whose pod it is does not count', (t) => {
  const drawn = { labels: { app: 'web' }, annotations: {}, hostNetwork: false, command: '/app', node: 'a' };
  const key = (pod: JsonObject, name = 'web', also = ''): string =>
    templateKey({ pod, namespace: 'shop', workload: { kind: 'Deployment', name }, namespaceKey: 'same', also }, [
      engine,
    ]);
  const one = key(podOf(drawn));
  t.equal(key(podOf({ ...drawn, labels: { app: 'api', 'app.kubernetes.io/name': 'api' }, node: 'b' })), one);
  t.equal(key(podOf({ ...drawn, annotations: { 'checksum/config': 'abc' } })), one);
  t.not(key(podOf({ ...drawn, labels: { tier: 'front' } })), one, 'a policy selects it');
  t.not(key(podOf({ ...drawn, command: '/other' })), one);
  t.not(key(podOf(drawn), 'web', 'shop'), one, 'look-ups use secrets of its namespace');
  const sides = new Set(Array.from({ length: 50 }, (_, index) => key(podOf(drawn), `web-${index}`)));
  t.equal(sides.size, 2, 'a canary has two sides');
  const withToken = (name: string): JsonObject => ({
    ...podOf(drawn),
    spec: { volumes: [{ name, projected: {} }], containers: [{ name: 'app', volumeMounts: [{ name }] }] },
  });
  t.equal(key(withToken('kube-api-access-abcde')), key(withToken('kube-api-access-x7x2x')));
  t.end();
});

t.test('whether images may have to be looked up', (t) => {
  const of = (...containers: readonly JsonObject[]): boolean => mayLookUp({ spec: { containers } });
  t.equal(of({ name: 'a', command: ['/a'] }), false);
  t.equal(of({ name: 'a', command: ['/a'] }, { name: 'b' }), true);
  t.equal(mayLookUp({ spec: { containers: [], initContainers: [{ name: 'i' }] } }), true);
  t.end();
});
