import t from 'tap';
import { namespaceKey } from '../../../src/engine/preview/namespace-key.js';
import { namespaceLimits } from '../../../src/model/namespace-limits.js';
import { engineOf, policyText } from '../../support/engine.js';

const profile = { name: 'sysdig', settings: { region: 'us2' } };
const match = { namespaceSelector: { matchLabels: { inject: 'yes' } } };
const limited = namespaceLimits([{ spec: { limits: [{ type: 'Container', max: { memory: '1Gi' } }] } }], []);
const engine = engineOf(policyText('default', { profile, match }), {
  secretState: (namespace) => (namespace === 'keyless' ? 'missing' : 'present'),
  limits: {
    of: (namespace) => (namespace === 'limited' ? limited : undefined),
    trouble: () => undefined,
    prepare: () => undefined,
  },
});

t.test('namespaces that are decided alike have the same key, whatever they are called', (t) => {
  const key = (name: string, labels: Record<string, string> = { inject: 'yes' }): string =>
    namespaceKey(name, labels, [engine]);
  t.equal(key('shop'), key('bank', { inject: 'yes', team: 'bank' }));
  const others = [
    key('shop', {}),
    key('shop', { inject: 'yes', 'outrider.dev/inject': 'disabled' }),
    key('shop', { inject: 'yes', 'pod-security.kubernetes.io/enforce': 'baseline' }),
    key('keyless'),
    key('limited'),
    key('kube-system'),
  ];
  t.equal(new Set([key('shop'), ...others]).size, 7);
  t.end();
});
