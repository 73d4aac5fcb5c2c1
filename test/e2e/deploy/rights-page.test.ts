import { readFileSync } from 'node:fs';
import t from 'tap';
import { repositoryRoot } from '../../tools/generated.js';
import { findHelm } from '../cluster/helm.js';
import { rightsFile, rightsPage } from './rights-page.js';

t.setTimeout(900_000);

t.test('F35: the table of rights is what the chart gives, each with its reason', async (t) => {
  const helm = await findHelm({ kubeconfig: '', directory: t.testdir() });
  t.equal(
    readFileSync(new URL(rightsFile, repositoryRoot), 'utf8'),
    await rightsPage(helm),
    'run node dist/test/e2e/deploy/write-rights-page.js',
  );
});
