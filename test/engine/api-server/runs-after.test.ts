import fc from 'fast-check';
import t from 'tap';
import { inTheWay, policyMutators, webhookMutators, type OurPlace } from '../../../src/engine/api-server/runs-after.js';
import type { JsonObject } from '../../../src/model/json.js';

const ours: OurPlace = { configuration: 'outrider', isOwn: (name) => name.endsWith('.outrider.outrider.dev') };
const namespaces = { matchLabels: { tier: 'secure' } };
const podRule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] };

function configuration(name: string, ...webhooks: readonly JsonObject[]): JsonObject {
  const given = webhooks.map((webhook, index) => ({ name: `w${index}.example`, rules: [podRule], ...webhook }));
  return { metadata: { name }, webhooks: given };
}

function found(...objects: readonly JsonObject[]): string | undefined {
  return inTheWay(objects.flatMap(webhookMutators), ours, namespaces);
}

t.test('W68: webhooks that are called after ours are in the way, by the names of their configurations', (t) => {
  t.equal(found(), undefined);
  t.equal(found(configuration('istio', {})), undefined, 'it has had its turn');
  t.equal(
    found(configuration('zz-injector', {})),
    'webhook w0.example of MutatingWebhookConfiguration zz-injector is called after ours',
  );
  t.match(found(configuration('outrider-b', {})), /outrider-b is called after ours/, 'another installation of ours');
  t.equal(found(configuration('outrider', { name: 'payments.outrider.outrider.dev' })), undefined, 'our own');
  t.match(found(configuration('outrider', { name: 'x.example' })), /is called after ours/, 'a stranger among our own');
  t.equal(found(configuration('Zz', {})), undefined, 'as the API server compares names, byte by byte');
  t.end();
});

t.test('W68: one that may be called again is in the way wherever it stands', (t) => {
  t.match(found(configuration('istio', { reinvocationPolicy: 'IfNeeded' })), /may be carried out again/);
  t.equal(found(configuration('istio', { reinvocationPolicy: 'Never' })), undefined);
  t.end();
});

t.test('W68: what is not asked about pods’ creation does not count', (t) => {
  const zz = (webhook: JsonObject): string | undefined => found(configuration('zz', webhook));
  const rules = (rule: JsonObject): JsonObject => ({ rules: [{ ...podRule, ...rule }] });
  t.equal(zz(rules({ apiGroups: ['apps'] })), undefined);
  t.equal(zz(rules({ operations: ['UPDATE', 'DELETE'] })), undefined);
  t.equal(zz(rules({ resources: ['services', 'pods/exec', '*/status'] })), undefined);
  t.equal(zz(rules({ scope: 'Cluster' })), undefined);
  t.equal(zz({ rules: [] }), undefined);
  t.match(zz({ rules: [{ ...podRule, resources: ['services'] }, podRule] }), /after ours/);
  for (const resource of ['pods', '*', '*/*', 'pods/*'])
    t.match(zz(rules({ resources: [resource] })), /after/, resource);
  t.match(zz(rules({ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], scope: '*' })), /after ours/);
  t.match(zz(rules({ apiVersions: ['v2'] })), /after ours/, 'matchPolicy Equivalent');
  t.equal(zz({ namespaceSelector: { matchLabels: { tier: 'plain' } } }), undefined, 'in other namespaces');
  t.equal(
    zz({ namespaceSelector: { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['secure'] }] } }),
    undefined,
  );
  t.match(zz({ namespaceSelector: { matchLabels: { team: 'a' } } }), /after ours/, 'a namespace may have both labels');
  t.match(zz({ objectSelector: { matchLabels: { a: 'b' } } }), /after ours/, 'who changes pods may give them labels');
  t.match(zz({ namespaceSelector: 'what' }), /after ours/, 'what cannot be read selects all');
  t.end();
});

t.test('W68: a policy of the API server’s is in the way only if it has a second turn, and a binding', (t) => {
  const policy = (spec: JsonObject = {}): JsonObject => ({
    metadata: { name: 'sidecars' },
    spec: { reinvocationPolicy: 'IfNeeded', matchConstraints: { resourceRules: [podRule] }, ...spec },
  });
  const binding = (matchResources: JsonObject = {}, policyName = 'sidecars'): JsonObject => ({
    metadata: { name: 'b' },
    spec: { policyName, matchResources },
  });
  const way = (one: JsonObject, ...bindings: readonly JsonObject[]): string | undefined =>
    inTheWay(policyMutators(one, bindings), ours, namespaces);
  t.equal(
    way(policy(), binding()),
    'MutatingAdmissionPolicy sidecars may be carried out again (reinvocationPolicy IfNeeded)',
  );
  t.equal(way(policy()), undefined, 'nothing binds it');
  t.equal(way(policy(), binding({}, 'other')), undefined);
  t.equal(way(policy({ reinvocationPolicy: 'Never' }), binding()), undefined, 'its turn is before the webhooks’');
  t.equal(
    way(policy({ matchConstraints: { resourceRules: [{ ...podRule, resources: ['services'] }] } }), binding()),
    undefined,
  );
  const elsewhere = binding({ namespaceSelector: { matchLabels: { tier: 'plain' } } });
  t.equal(way(policy(), elsewhere), undefined);
  t.match(way(policy(), elsewhere, binding()), /again/, 'one of its bindings is enough');
  const plain = { namespaceSelector: { matchLabels: { tier: 'plain' } }, resourceRules: [podRule] };
  t.equal(way(policy({ matchConstraints: plain }), binding()), undefined);
  t.end();
});

t.test('W68: whatever is added to those that are there, what was in the way stays in it', (t) => {
  const webhook = fc.record({
    rules: fc.constantFrom([podRule], [{ ...podRule, resources: ['services'] }], []),
    reinvocationPolicy: fc.constantFrom('Never', 'IfNeeded'),
    namespaceSelector: fc.constantFrom({}, { matchLabels: { tier: 'plain' } }, { matchLabels: { tier: 'secure' } }),
  });
  const some = fc.array(fc.tuple(fc.constantFrom('a', 'outrider', 'p', 'zz'), webhook), { maxLength: 5 });
  fc.assert(
    fc.property(some, some, (before, more) => {
      const objects = (all: typeof before) => all.map(([name, one]) => configuration(name, one));
      return found(...objects(before)) === undefined || found(...objects([...before, ...more])) !== undefined;
    }),
  );
  t.end();
});
