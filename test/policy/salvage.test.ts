import t from 'tap';
import type { JsonObject, JsonValue } from '../../src/model/json.js';
import { policySchema } from '../../src/model/policy.js';
import { salvagePolicy } from '../../src/policy/salvage.js';

function document(spec: JsonValue): JsonObject {
  return { apiVersion: 'outrider.dev/v1alpha1', kind: 'InstrumentationPolicy', metadata: { name: 'payments' }, spec };
}

const selector = { matchLabels: { team: 'payments' } };
const all = {
  name: 'payments',
  precedence: 0,
  prefer: 'Availability',
  mode: 'Inject',
  namespaceSelector: {},
  podSelector: {},
};

t.test('E41: what can be read of a broken policy is kept, and the rest is taken strictly', (t) => {
  const table: readonly (readonly [spec: JsonValue, known: JsonObject])[] = [
    [{}, {}],
    [{ prefer: 'Availability' }, {}],
    [
      { prefer: 'Security', precedence: 7 },
      { prefer: 'Security', precedence: 7 },
    ],
    [{ prefer: 'security' }, { prefer: 'Security' }],
    [{ prefer: null }, { prefer: 'Security' }],
    [{ prefers: 'Availability' }, { prefer: 'Security' }],
    [{ mode: 'Off' }, { mode: 'Off' }],
    [{ mode: 'Report' }, { mode: 'Report' }],
    [{ mode: 'report' }, {}],
    [{ precedence: '7' }, {}],
    [{ precedence: NaN }, {}],
    [{ precedence: -Infinity }, {}],
    [{ match: { namespaceSelector: selector } }, { namespaceSelector: selector }],
    [
      { match: { namespaceSelector: selector, podSelector: selector } },
      { namespaceSelector: selector, podSelector: selector },
    ],
    [{ match: { podSelector: { matchLabels: 1 } } }, {}],
    [{ optOut: 'Forbidden', match: { podSelector: selector } }, { podSelector: selector }],
  ];
  for (const [spec, known] of table) {
    t.notOk(policySchema.safeParse(document(spec)).success, 'is not valid');
    t.strictSame(salvagePolicy(document(spec)), { ...all, ...known }, JSON.stringify(spec));
  }
  t.end();
});

t.test('nothing is known of a policy without a readable name, spec or namespaceSelector', (t) => {
  const documents: readonly JsonObject[] = [
    {},
    { metadata: { name: 'No Name' }, spec: {} },
    { metadata: { name: 'payments' } },
    document([]),
    document({ match: [] }),
    document({ macth: {} }),
    document({ match: { namespaceSelectors: {} } }),
    document({ match: { namespaceSelector: { matchLabels: ['a'] } } }),
    document({ match: { namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } } }),
  ];
  for (const one of documents) t.equal(salvagePolicy(one), undefined, JSON.stringify(one));
  t.end();
});
