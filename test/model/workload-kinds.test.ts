import { readFileSync } from 'node:fs';
import t from 'tap';
import { allWorkloadKinds, workloadKind } from '../../src/model/workload-kinds.js';

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
  const words = allWorkloadKinds.flatMap(({ kind, plural, short, called }) => [
    ...new Set([kind.toLowerCase(), plural, called, ...(short === undefined ? [] : [short])]),
  ]);
  t.equal(new Set(words).size, words.length);
  t.equal(workloadKind('Deployment')?.plural, 'deployments');
  t.equal(workloadKind('Service'), undefined);
  t.end();
});
