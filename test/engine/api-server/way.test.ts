import t from 'tap';
import { wayOf, type PodToCome } from '../../../src/engine/api-server/way.js';
import type { PlanParameters } from '../../../src/model/instrumentation-plan.js';
import { partsOf } from '../../cluster/plans/parts.js';

const plan: PlanParameters = {
  podSecurity: '',
  plans: [partsOf('one')],
  images: { 'shop/web:1.2.3': { entrypoint: ['/web'], cmd: [] } },
};
const podWith = (container: object, metadata: Record<string, Record<string, string>> = {}) => ({
  metadata,
  spec: { containers: [{ name: 'app', ...container }], initContainers: [{ name: 'init', image: 'unknown' }] },
});
const known = podWith({ image: 'shop/web:1.2.3' });

function way(about: Partial<PodToCome>) {
  const condition = { status: 'True', message: 'The API server instruments the policy’s pods by itself.' };
  return wayOf({ pod: known, namespace: 'shop', namespaceLabels: {}, condition, plan, ...about });
}

t.test('a new pod goes the API server’s way only if nothing that was looked at is in the way', (t) => {
  t.match(way({}), { by: 'api-server', detail: /as far as was looked at/ });
  t.match(way({ pod: podWith({ image: 'other', command: ['/app'] }) }), { by: 'api-server' });
  t.match(way({ namespaceLabels: { 'outrider.dev/inject': 'enabled' } }), { by: 'api-server' });
  const labels = { 'outrider.dev/inject': 'enabled' };
  t.match(way({ pod: podWith({ image: 'shop/web:1.2.3' }, { labels }) }), { by: 'api-server' });
  t.end();
});

t.test('and why it is the webhook’s is said', (t) => {
  const cases: readonly [Partial<PodToCome>, RegExp][] = [
    [{ condition: { status: 'False', message: 'overlapping, policy other' } }, /the webhook: overlapping/],
    [{ plan: undefined }, /namespace shop has no plan/],
    [{ namespaceLabels: { 'outrider.dev/inject': 'disabled' } }, /outrider.dev\/inject=disabled/],
    [{ namespaceLabels: { 'pod-security.kubernetes.io/enforce': 'baseline' } }, /another level of Pod Security/],
    [{ plan: { ...plan, podSecurity: '-' } }, /being given up/],
    [{ pod: podWith({ image: 'shop/web:latest' }) }, /container app gives no command/],
    [
      { pod: podWith({ image: 'x', command: ['/x'] }, { annotations: { 'outrider.dev/images': '{}' } }) },
      /annotation outrider.dev\/images/,
    ],
    [
      { pod: podWith({ image: 'x', command: ['/x'] }, { labels: { 'outrider.dev/by': 'api-server' } }) },
      /label outrider.dev\/by=api-server/,
    ],
  ];
  for (const [about, detail] of cases) t.match(way(about), { by: 'webhook', detail });
  const [parts] = plan.plans;
  const covering: PlanParameters = {
    ...plan,
    plans: parts === undefined ? [] : [{ ...parts, terms: { ...parts.terms, coversInit: true } }],
  };
  t.match(way({ plan: covering }), { by: 'webhook', detail: /container init gives no command/ });
  t.end();
});
