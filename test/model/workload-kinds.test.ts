import { readFileSync } from 'node:fs';
import t from 'tap';
import { allWorkloadKinds, groupOf, workloadKind } from '../../src/model/workload-kinds.js';

const roles = readFileSync(new URL('../../../deploy/helm/outrider/templates/rbac.yaml', import.meta.url), 'utf8');

t.test('the chart allows to read what stands between a pod and what a person looks at, and nothing beside it', (t) => {
  const block = /\{\{- if \.Values\.events \}\}\n(.*?)\{\{- end \}\}/s.exec(roles)?.[1] ?? '';
  const allowed = [...block.matchAll(/apiGroups: \[(.*)\]\n\s+resources: \[(.*)\]\n\s+verbs: \[get\]/g)].map(
    ([, group = '', resource = '']) => `${group.replaceAll('"', '')}/${resource}`,
  );
  const needed = allWorkloadKinds
    .filter(({ isInBetween }) => isInBetween)
    .map(({ group, plural }) => `${group}/${plural}`);
  t.strictSame(allowed.sort(), needed.sort());
  t.equal(allowed.length, 3);
  t.end();
});

t.test('no two rows share a name', (t) => {
  const words = allWorkloadKinds.flatMap(({ kind, plural, short, called, needsGroup }) => [
    ...new Set([...(needsGroup ? [] : [kind.toLowerCase(), plural]), called, ...(short === undefined ? [] : [short])]),
  ]);
  t.equal(new Set(words).size, words.length);
  t.equal(workloadKind('Deployment', undefined)?.plural, 'deployments');
  t.equal(workloadKind('Service', undefined), undefined);
  t.end();
});

t.test('W21: a kind means what its group says', (t) => {
  const table: readonly (readonly [string, string | undefined, string | undefined])[] = [
    ['Job', undefined, 'job'],
    ['Job', 'batch/v1', 'job'],
    ['Job', 'batch.volcano.sh/v1alpha1', 'vcjob'],
    ['Service', 'v1', undefined],
    ['Service', 'serving.knative.dev/v1', 'ksvc'],
    ['DeploymentConfig', 'v1', 'dc'],
    ['DeploymentConfig', 'apps.openshift.io/v1', 'dc'],
    ['Deployment', 'extensions/v1beta1', 'deploy'],
    ['Deployment', 'example.com/v1', undefined],
    ['Rollout', undefined, 'rollout'],
    ['Workflow', 'argoproj.io/v1alpha1', 'workflow'],
  ];
  for (const [kind, apiVersion, called] of table) {
    t.equal(workloadKind(kind, apiVersion)?.called, called, `${kind} of ${apiVersion ?? 'no group'}`);
  }
  t.equal(groupOf('v1'), '');
  t.end();
});
