import t from 'tap';
import { liveSteps } from '../../../src/cli/explain/live-steps.js';
import type { Explanation, LiveState } from '../../../src/cli/explain/explanation.js';

const explanation: Explanation = {
  file: 'https://api.example:6443',
  document: 1,
  line: 1,
  pointer: '/spec/template',
  kind: 'Deployment',
  name: 'web',
  namespace: 'shop',
  namespaceLabels: {},
  decision: 'inject',
  reason: 'injected',
  detail: '',
  remedy: undefined,
  policy: undefined,
  profile: undefined,
  admission: { allowed: true },
  changes: true,
  count: { instrumented: 1, asked: 1 },
  steps: [],
  containers: [],
  parts: [],
  imagePullSecrets: [],
  shareProcessNamespace: true,
  growth: { requests: {}, limits: {} },
};
const live: LiveState = {
  server: 'https://api.example:6443',
  cluster: { nodes: 1, nativeSidecars: true, imageVolumes: true, openShift: false },
};

t.test('which way a new pod goes is a line of its own', (t) => {
  const about = { explanation, standstill: undefined, unread: [], programName: 'outrider' };
  t.same(liveSteps(live, about), []);
  const way = { by: 'webhook', detail: 'the webhook: namespace shop has no plan for the policy' } as const;
  t.same(liveSteps({ ...live, way }, about), [
    {
      subject: 'a new pod',
      result: 'note',
      detail: 'is instrumented by the webhook: namespace shop has no plan for the policy',
    },
  ]);
  t.end();
});
