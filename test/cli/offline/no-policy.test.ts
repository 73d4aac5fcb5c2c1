import t from 'tap';
import { workplace } from '../harness.js';
import { pod } from '../manifests.js';

const policy = (name: string, match: string): string => `apiVersion: outrider.dev/v1alpha1
kind: InstrumentationPolicy
metadata: {name: ${name}}
spec: {match: ${match}, profile: {name: sysdig, settings: {region: us2}}}
`;

t.test('U15: what no policy matches is told what the policies want', async (t) => {
  const remedy = async (...policies: readonly string[]): Promise<string> => {
    const place = await workplace(t, { 'pod.yaml': pod, 'policy.yaml': policies.join('---\n') });
    const { stderr } = await place.outrider(['inject', 'pod.yaml', '--policy', 'policy.yaml', '--check']);
    const explained = await place.outrider(['explain', 'pod.yaml', '--policy', 'policy.yaml']);
    const [, said = ''] = / {4}fix: (.*)\n/.exec(stderr) ?? [];
    t.match(explained.stdout, said, 'explain says the same');
    return said;
  };
  t.equal(
    await remedy(policy('pay', '{namespaceSelector: {matchLabels: {team: payments}}}')),
    'Policy pay wants a namespace with team=payments (--namespace-labels team=payments where the namespace has that). Or write a policy that selects the pod.',
  );
  t.equal(
    await remedy(
      policy('a', '{namespaceSelector: {matchExpressions: [{key: env, operator: In, values: [prod, stage]}]}}'),
      policy('b', '{podSelector: {matchLabels: {app: web}}}'),
      policy('c', '{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}}'),
      policy('d', '{podSelector: {matchLabels: {app: other}}}'),
    ),
    'Policy a wants a namespace with env=prod or stage (--namespace-labels env=prod where the namespace has that); Policy b wants a pod with app=web; Policy c wants a namespace with kubernetes.io/metadata.name=shop; 1 more policies match neither. Or write a policy that selects the pod.',
  );
  t.equal(
    await remedy(
      policy(
        'x',
        '{namespaceSelector: {matchExpressions: [{key: tier, operator: Exists}, {key: kubernetes.io/metadata.name, operator: NotIn, values: [default]}]}}',
      ),
    ),
    'Policy x wants a namespace with a label tier and kubernetes.io/metadata.name other than default. Or write a policy that selects the pod.',
  );
});
