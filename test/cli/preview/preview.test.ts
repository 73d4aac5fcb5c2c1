import t, { type Test } from 'tap';
import { previewOf, type PreviewWish } from '../../../src/cli/preview/open.js';
import { previewSettings } from '../../../src/cli/preview/options.js';
import { restartOf } from '../../../src/cli/preview/restarts.js';
import { growthText, workloadName } from '../../../src/cli/preview/side-text.js';
import { summaryOf } from '../../../src/cli/preview/summary.js';
import { growthOf } from '../../../src/cli/preview/sums.js';
import { unreadKindLines } from '../../../src/cli/preview/unread.js';
import { workloadKind } from '../../../src/model/workload-kinds.js';
import { systemClock } from '../../../src/time/clock.js';
import type { PagedObjects } from '../../cluster/paged-objects.js';
import { deployment, inNamespaces, keyIn, namespaceOf, policyObject, smallCluster } from './run-preview.js';

/** Previews a policy for namespaces of a team, in all namespaces. */
function preview<Extra>(t: Test, cluster: PagedObjects, wish: PreviewWish<Extra>) {
  const policy = policyObject('bank', inNamespaces({ team: 'bank' }));
  const output = { write: () => undefined, isTerminal: false, columns: undefined };
  const invocation = {
    args: [],
    flags: { policy: ['policy.yaml'], allNamespaces: true },
    io: {
      stdin: { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true as const, value: '' }) }) },
      stdout: output,
      stderr: output,
      isInteractive: false,
      cwd: t.testdir({ 'policy.yaml': JSON.stringify(policy) }),
      env: { OUTRIDER_LOOKUP: 'false' },
      programName: 'outrider',
    },
  };
  const open = {
    client: cluster.client,
    clock: systemClock,
    namespace: 'shop',
    readText: () => Promise.reject(new Error()),
    exec: () => Promise.reject(new Error()),
  };
  return previewOf(invocation, previewSettings.read(invocation), open, wish);
}

const two = () =>
  smallCluster([
    namespaceOf('vault', { team: 'bank' }),
    keyIn('vault'),
    deployment('vault', 'safe', 2),
    deployment('bank', 'host', 1, { hostNetwork: true }),
  ]);

t.test('each distinct template is handed on once, while its object is there', async (t) => {
  const handed: string[] = [];
  const found = await preview(t, two(), {
    onTemplate: ({ example, template, then }) => {
      handed.push(`${example.namespace}/${example.name}`);
      t.ok(template.pod['spec']);
      return Promise.resolve(then.outcome.patch.length);
    },
  });
  t.same(handed.length, 2, 'ledger and safe have the same one');
  t.equal(found.templates.size, 2);
  t.equal(found.rows.length, 3);
  t.ok([...found.templates.values()].some(({ extra }) => extra > 0));
  t.match(summaryOf(found), { workloads: 3, templates: 2, changed: 3, gained: 2, lost: 0, denied: 0, restarts: 2 });
});

t.test('where a namespace matters, its templates are its own', async (t) => {
  const found = await preview(t, two(), {
    onTemplate: ({ namespace }) => Promise.resolve(namespace),
    apart: ({ namespace }) => namespace,
  });
  t.equal(found.templates.size, 3);
  for (const { example, extra } of found.templates.values()) t.equal(extra, example.namespace);
});

t.test('sums are of the namespaces that grow, and quotas that may not be read are none', async (t) => {
  const cluster = two();
  const found = await preview(t, cluster, { onTemplate: () => Promise.resolve(undefined) });
  const growth = await growthOf(found, cluster.client);
  t.same(
    growth.map(({ namespace, pods }) => [namespace, pods]),
    [
      ['bank', 4],
      ['vault', 2],
    ],
  );
  cluster.forbidden.add('/api/v1/namespaces/bank/resourcequotas');
  const [bank] = await growthOf(found, cluster.client);
  t.equal(bank?.quotas, undefined);
});

t.test('how a workload gets new pods depends on who makes them', async (t) => {
  const found = await preview(t, two(), { onTemplate: () => Promise.resolve(undefined) });
  const ledger = found.rows.find(({ name }) => name === 'ledger');
  const template = ledger === undefined ? undefined : found.templates.get(ledger.template);
  if (ledger === undefined || template === undefined) throw new Error('no ledger');
  const of = (kind: string, apiVersion: string, replicas = 1) =>
    restartOf({ ...ledger, kind, apiVersion, replicas }, template);
  t.equal(of('Deployment', 'apps/v1'), 'restart');
  t.equal(of('Deployment', 'apps/v1', 0), '', 'none runs');
  t.equal(of('CronJob', 'batch/v1'), 'next run');
  t.equal(of('Pod', 'v1'), 'new pod');
  t.equal(of('TaskRun', 'tekton.dev/v1'), 'by its controller');
  t.equal(restartOf(ledger, { now: template.then, then: template.then }), '');
  t.equal(growthText(ledger, template), 'cpu +100m, memory +256Mi × 4');
  t.equal(growthText({ ...ledger, replicas: undefined }, template), 'cpu +100m, memory +256Mi each');
  t.equal(workloadName({ ...ledger, kind: 'Odd\u001b\nKind' }), 'odd kind/ledger');
  t.ok(workloadKind('TaskRun', 'tekton.dev/v1') === undefined);
});

t.test('kinds that may not be listed are named once, with a few of the namespaces', (t) => {
  const unread = Array.from({ length: 7 }, (_, index) => ({ kind: 'jobs.batch', namespace: `team-${index}` }));
  t.same(unreadKindLines([...unread, { kind: 'pods', namespace: 'shop' }]), [
    'you may not list jobs.batch in namespaces team-0, team-1, team-2, team-3, team-4 and 2 more: those are missing here',
    'you may not list pods in namespace shop: those are missing here',
  ]);
  t.end();
});
