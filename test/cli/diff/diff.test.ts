import { readFile } from 'node:fs/promises';
import t from 'tap';
import { parse } from 'yaml';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { refusal } from '../../cluster/fake-api.js';
import { pagedObjects } from '../../cluster/paged-objects.js';
import {
  deployment,
  inNamespaces,
  keyIn,
  namespaceOf,
  policyObject,
  runDiff,
  secretOf,
  smallCluster,
} from '../preview/run-preview.js';

const enabled = inNamespaces({ 'outrider.dev/inject': 'enabled' });
const bank = policyObject('bank', inNamespaces({ team: 'bank' }));
const files = { 'policy.yaml': JSON.stringify(bank) };

/** The workloads of a preview in JSON, by name. */
function workloadsIn(stdout: string): Readonly<Record<string, JsonObject>> {
  const rows = listOf(objectOf(JSON.parse(stdout))?.['workloads']).filter(isObject);
  return Object.fromEntries(rows.map((row) => [stringOf(row['name']) ?? '', row]));
}

t.test('what a new policy changes is shown beside what is done now', async (t) => {
  const cluster = smallCluster([policyObject('default', enabled)]);
  const ran = await runDiff(t, cluster, ['--policy', 'policy.yaml', '-A'], files);
  t.equal(ran.stderr, '');
  t.equal(ran.code, 1);
  t.equal(
    ran.stdout,
    `Policies: bank added.

NAMESPACE  WORKLOAD       NOW             THEN             CONTAINERS  GROWTH                        NEW PODS BY
bank       deploy/ledger  skip no_policy  inject injected  app         cpu +100m, memory +256Mi × 4  restart

GROWTH IN  PODS  ALL TOGETHER                                                  QUOTA
bank       4     requests.cpu +400m, requests.memory +1Gi, limits.memory +2Gi

3 workloads with 2 distinct templates in 2 namespaces; no policy matches 1 more, now or then.
1 workload changes: 1 gets containers instrumented, 1 needs new pods for it.
`,
  );
  t.notOk(
    cluster.asked.some((what) => what.includes('/namespaces/other')),
    'a namespace that no policy matches is not looked at',
  );
});

t.test('nothing changes: exit 0, and nothing is listed', async (t) => {
  const policies = [policyObject('default', enabled), bank];
  const ran = await runDiff(t, smallCluster(policies), ['--policy', 'policy.yaml', '-A'], files);
  t.equal(ran.code, 0);
  t.match(ran.stdout, /^Policies: bank replaced\.\n\n3 workloads .*\nNothing changes\.\n$/);
  const wide = await runDiff(t, smallCluster(policies), ['--policy', 'policy.yaml', '-A', '-o', 'wide'], files);
  t.match(wide.stdout, /deploy\/web +inject injected +inject injected +app *\n +now: policy default: app\n/);
  t.match(wide.stdout, /said of deploy\/\w+ in shop\)/);
});

t.test('a policy that goes: in mode Off, or taken away', async (t) => {
  const policies = [policyObject('default', enabled)];
  const off = { 'off.yaml': JSON.stringify(policyObject('default', { ...enabled, mode: 'Off' })) };
  const ran = await runDiff(t, smallCluster(policies), ['--policy', 'off.yaml'], off);
  t.equal(ran.code, 1);
  t.match(ran.stdout, /deploy\/web +inject injected +skip policy_off +cpu -100m, memory -256Mi × 3 +restart\n/);
  t.match(ran.stdout, '2 workloads change: 2 lose the instrumentation of containers, 2 need new pods for it.');
  const without = await runDiff(t, smallCluster(policies), ['--without', 'default']);
  t.match(without.stdout, /^Policies: default removed\.\n/);
  t.match(without.stdout, /deploy\/web +inject injected +skip no_policy /);
  const nobody = await runDiff(t, smallCluster(policies), ['--without', 'nobody']);
  t.match(nobody, { code: 2, stderr: /the cluster has no such policy; it has default/ });
});

t.test('pods that would be denied: exit 3, whether they are denied now or not', async (t) => {
  const strict = policyObject('bank', { ...inNamespaces({ team: 'bank' }), prefer: 'Security' });
  const host = deployment('bank', 'host', 1, { hostNetwork: true });
  const denying = { 'policy.yaml': JSON.stringify(strict) };
  const ran = await runDiff(t, smallCluster([host]), ['--policy', 'policy.yaml', '-n', 'bank'], denying);
  t.equal(ran.code, 3);
  t.match(ran.stdout, /deploy\/host +skip no_policy +deny host_network\n/);
  t.match(ran.stdout, 'New pods of 1 workload would be denied.');
  const again = await runDiff(t, smallCluster([host, strict]), ['--policy', 'policy.yaml', 'ns/bank'], denying);
  t.equal(again.code, 3);
  t.match(again.stdout, 'New pods of 1 workload would be denied, as now.');
});

t.test('the same decision with other parts needs new pods; another policy with the same parts does not', async (t) => {
  const policies = [policyObject('default', enabled)];
  const region = policyObject('default', { ...enabled, profile: { name: 'sysdig', settings: { region: 'eu1' } } });
  const other = await runDiff(t, smallCluster(policies), ['--policy', 'p.yaml'], { 'p.yaml': JSON.stringify(region) });
  t.match(other.stdout, /deploy\/web +inject injected +inject injected \(other parts\) +app +restart\n/);
  const renamed = policyObject('first', { ...enabled, precedence: 5 });
  const same = await runDiff(t, smallCluster(policies), ['--policy', 'p.yaml'], { 'p.yaml': JSON.stringify(renamed) });
  t.match(same.stdout, /deploy\/web +inject injected +inject injected \(by first\) +app\n/);
  t.match(same.stdout, 'Overlap: first and default match 2 workloads in 1 namespace; first wins.');
});

t.test('JSON has every workload, each distinct template once with its details, sums and overlaps', async (t) => {
  const quota = {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'compute', namespace: 'bank' },
    spec: { hard: { 'requests.cpu': '1', memory: '8Gi', pods: '10' } },
    status: {
      hard: { 'requests.cpu': '1', memory: '8Gi', pods: '10' },
      used: { 'requests.cpu': '700m', memory: '1Gi' },
    },
  };
  const cluster = smallCluster([policyObject('default', enabled), quota]);
  const ran = await runDiff(t, cluster, ['--policy', 'policy.yaml', '-A', '-o', 'json'], files);
  t.equal(ran.code, 1);
  const found: unknown = JSON.parse(ran.stdout);
  t.match(found, {
    server: 'https://api.example',
    policies: [{ name: 'bank', change: 'added' }],
    namespaces: { looked: ['bank', 'shop'], others: 1 },
    summary: { workloads: 3, templates: 2, changed: 1, denied: 0, gained: 1, lost: 0, restarts: 1 },
    growth: [
      {
        namespace: 'bank',
        pods: 4,
        change: { 'requests.cpu': '400m', 'requests.memory': '1Gi' },
        quotas: [
          { quota: 'compute', resource: 'requests.cpu', hard: '1', used: '700m', change: '400m', fits: false },
          { quota: 'compute', resource: 'memory', hard: '8Gi', used: '1Gi', change: '1Gi', fits: true },
        ],
      },
    ],
  });
  const { web, api, ledger } = workloadsIn(ran.stdout);
  t.equal(web?.['template'], api?.['template'], 'a template that two have is decided on once');
  t.match(ledger, { change: 'decision', then: { decision: 'inject', policy: 'bank', containers: ['app'] } });
  const table = await runDiff(t, smallCluster([quota]), ['--policy', 'policy.yaml', '-n', 'bank'], files);
  t.match(table.stdout, 'compute: requests.cpu 700m + 400m of 1: does not fit; compute: memory 1Gi + 1Gi of 8Gi');
});

t.test('Markdown is a comment: what would be denied first, and nothing in it is markup', async (t) => {
  const strict = policyObject('bank', { ...inNamespaces({ team: 'bank' }), prefer: 'Security' });
  const host = deployment('bank', 'zz', 1, { hostNetwork: true });
  const text = { 'policy.yaml': JSON.stringify(strict) };
  const ran = await runDiff(t, smallCluster([host]), ['--policy', 'policy.yaml', '-A', '-o', 'markdown'], text);
  t.match(ran.stdout, /^### What these policies change\n\nPolicies: bank added\.\n/);
  t.match(ran.stdout, '| Namespace | Workload | Now | Then | Containers | Requests | New pods by |\n| --- |');
  const denied = ran.stdout.indexOf('| bank | deploy/zz | skip no\\_policy | deny host\\_network |');
  t.ok(ran.stdout.length < 65_536);
  t.ok(denied > 0 && denied < ran.stdout.indexOf('| bank | deploy/ledger |'), 'in front of the others');
});

t.test('the owner that a pod names is text, on a terminal and in a comment', async (t) => {
  const owner = { apiVersion: 'x/v1', kind: '@team\u001b[31m<b>', name: 'evil', controller: true };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'evil', namespace: 'bank', ownerReferences: [owner] },
    spec: { containers: [{ name: 'app', image: 'acme/app:1', command: ['/app'] }] },
  };
  const table = await runDiff(t, smallCluster([pod]), ['--policy', 'policy.yaml', '-n', 'bank', '-o', 'wide'], files);
  t.match(table.stdout, '@team<b>/evil');
  t.notMatch(table.stdout, '\u001b');
  const comment = await runDiff(
    t,
    smallCluster([pod]),
    ['--policy', 'policy.yaml', '-n', 'bank', '-o', 'markdown'],
    files,
  );
  t.match(comment.stdout, '@\u200bteam\\<b\\>/evil');
});

t.test('a cluster without Outrider: its policies would be the first', async (t) => {
  const cluster = pagedObjects(
    [namespaceOf('bank', { team: 'bank' }), keyIn('bank'), deployment('bank', 'ledger', 1)],
    {},
    ['apps', 'batch'],
  );
  const ran = await runDiff(t, cluster, ['--policy', 'policy.yaml', '-A'], files);
  t.equal(ran.code, 1);
  t.match(ran.stderr, 'note: the cluster has no policies: Outrider’s resource definitions are not installed');
  t.match(ran.stdout, /deploy\/ledger +skip no_policy +inject injected/);
});

t.test('what may not be read is named, and the look is no whole one', async (t) => {
  const cluster = smallCluster();
  cluster.forbidden.add('/apis/apps/v1/namespaces/bank/statefulsets');
  cluster.forbidden.add('/api/v1/namespaces/bank/secrets');
  const ran = await runDiff(t, cluster, ['--policy', 'policy.yaml', '-n', 'bank'], files);
  t.equal(ran.code, 2);
  t.match(ran.stdout, /deploy\/ledger +skip no_policy +inject injected/, 'the rest is shown');
  t.match(ran.stderr, 'warning: you may not list statefulsets.apps in namespace bank: those are missing here');
  t.match(ran.stderr, /note: you may not read whether the agents’ Secrets are there in namespace bank/);
  const policies = smallCluster();
  policies.forbidden.add('/apis/outrider.dev');
  const blind = await runDiff(t, policies, ['--policy', 'policy.yaml', '-n', 'bank'], files);
  t.match(blind, { code: 2, stdout: '', stderr: /forbids its user to read instrumentationpolicies/ });
  const busy = smallCluster();
  busy.faults.set('PAGE /apis/apps/v1/namespaces/bank/deployments whole', [refusal(429, 'TooManyRequests', 0)]);
  const patient = await runDiff(t, busy, ['--policy', 'policy.yaml', '-n', 'bank'], files);
  t.equal(patient.code, 1, 'a busy API server is asked again');
});

t.test('wrong usage, and files that are not right', async (t) => {
  const table: readonly (readonly [readonly string[], RegExp, Record<string, string>?])[] = [
    [[], /nothing changes: give --policy FILE, or --without NAME/],
    [['--set', 'region=us2'], /--set does not change the cluster’s policies/],
    [['deploy/web', '--policy', 'policy.yaml'], /deploy\/web stands without an option/],
    [['ns/shop', '-A', '--policy', 'policy.yaml'], /ns\/shop and -A are two answers/],
    [['-A', '--policy', 'policy.yaml', '--namespace-labels', 'a=b'], /--namespace-labels are those of one namespace/],
    [
      ['--policy', 'policy.yaml'],
      /policy\.yaml:1: policy bad: spec\.profile\.name is nope/,
      { 'policy.yaml': JSON.stringify(policyObject('bad', { profile: { name: 'nope' } })) },
    ],
  ];
  for (const [argv, message, own] of table) {
    const { code, stderr, stdout } = await runDiff(t, smallCluster(), argv, own ?? files);
    t.equal(code, 2, argv.join(' '));
    t.equal(stdout, '');
    t.match(stderr, message);
  }
});

t.test('labels that a namespace does not have yet', async (t) => {
  const labels = ['--namespace-labels', 'team=bank'];
  const ran = await runDiff(t, smallCluster(), ['--policy', 'policy.yaml', '-n', 'other', ...labels], files);
  t.match(ran.stdout, /deploy\/idle +skip no_policy +skip credentials_missing/);
});

t.test('on a terminal it shows how far it is, and leaves nothing of that', async (t) => {
  const ran = await runDiff(t, smallCluster(), ['--policy', 'policy.yaml', '-A'], files, true);
  t.match(ran.stderr, /looked at 1 workloads with 1 distinct templates/);
  t.ok(ran.stderr.endsWith('\r\u001b[K'));
});

t.test('a profile in the same folder counts, and so does one of the cluster', async (t) => {
  const text = await readFile(new URL('../../../../deploy/examples/custom-profile.yaml', import.meta.url), 'utf8');
  const [profile = '', policy = ''] = text.split('\n---\n');
  const cluster = () => smallCluster([secretOf('acme-guard', 'api-key')]);
  const ran = await runDiff(t, cluster(), ['--policy', '.'], { 'profile.yaml': profile, 'policy.yaml': policy });
  t.equal(ran.stderr, '');
  t.match(ran.stdout, /deploy\/web +skip no_policy +inject injected +app +cpu \+100m, memory \+128Mi × 3 +restart/);
  const alone = await runDiff(t, cluster(), ['--policy', 'policy.yaml'], { 'policy.yaml': policy });
  t.match(alone, { code: 2, stderr: /profile/ });
  const parsed: unknown = parse(profile);
  if (!isObject(parsed)) throw new Error('no profile');
  const known = smallCluster([secretOf('acme-guard', 'api-key'), parsed]);
  const set = ['--policy', 'policy.yaml', '--set', 'region=us'];
  t.match(
    (await runDiff(t, known, set, { 'policy.yaml': policy })).stdout,
    /deploy\/web +skip no_policy +inject injected/,
  );
});
