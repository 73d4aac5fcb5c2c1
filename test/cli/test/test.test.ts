import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { clusterFactsSchema } from '../../../src/model/offline-facts.js';
import { clusterSettingKeys } from '../../../src/cli/options/settings.js';
import { isObject, type JsonObject } from '../../../src/model/json.js';
import { at } from '../../support/json.js';
import { workplace, type Workplace } from '../harness.js';

function dataIn(text: string): JsonObject {
  const value: unknown = parse(text);
  return isObject(value) ? value : {};
}

const policy = `apiVersion: outrider.dev/v1alpha1
kind: InstrumentationPolicy
metadata: { name: payments }
spec:
  prefer: Security
  match: { namespaceSelector: { matchLabels: { team: payments } } }
  profile: { name: sysdig, settings: { region: us2 } }
`;

const web = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  template:
    spec:
      containers:
        - name: web
          image: acme/web:1
          command: [/app]
        - name: worker
          image: acme/worker:1
`;

const head = `# The payments team's policy.
apiVersion: outrider.dev/v1alpha1
kind: PolicyTest
metadata: { name: payments }
policies: [../policies]
resources: [web.yaml]
`;

const facts = `facts:
  namespaces: { payments: { team: payments } }
  images: { acme/worker:1: { entrypoint: [/worker] } }
`;

const passing = `${head}${facts}cases:
  - resource: deploy/web
    namespace: payments
    expect: { decision: inject, reason: injected, policy: payments, containers: [worker, web], admission: Allowed }
  - name: another team's pods are left alone
    resource: Deployment/web # by its kind
    namespace: shop
    expect: { decision: skip, reason: no_policy, policy: null, containers: [], admission: Allowed }
`;

function place(t: Parameters<typeof workplace>[0], test: string, more: Readonly<Record<string, string>> = {}) {
  return workplace(t, {
    'policies/payments.yaml': policy,
    'tests/web.yaml': web,
    'tests/payments.yaml': test,
    ...more,
  });
}

t.test('cases that come out as expected pass: 0', async (t) => {
  const ran = await (await place(t, passing)).outrider(['test', 'tests']);
  t.match(ran, { code: 0, stderr: '' });
  t.equal(
    ran.stdout,
    [
      '✓  tests/payments.yaml:11  deploy/web in payments              inject  injected',
      "✓  tests/payments.yaml:14  another team's pods are left alone  skip    no_policy",
      '2 cases: 2 passed, 0 failed.',
      '',
    ].join('\n'),
  );
});

t.test('the golden cases that are written as tests pass, outputs included', async (t) => {
  const ran = await (await workplace(t)).outrider(['test', resolve('test/golden')]);
  t.match(ran, { code: 0, stdout: /14 passed, 0 failed/ });
});

t.test('a case that fails says each field, and why: 1', async (t) => {
  const failing = passing.replace('images: { acme/worker:1: { entrypoint: [/worker] } }', 'images: {}');
  const there = await place(t, failing);
  const ran = await there.outrider(['test', 'tests', '--junit', 'out.xml']);
  t.equal(ran.code, 1);
  t.equal(
    ran.stdout,
    [
      '✗  tests/payments.yaml:11  deploy/web in payments              partial  image_unresolved  denied',
      '    decision: expected inject, and it is partial',
      '    reason: expected injected, and it is image_unresolved',
      '    admission: expected Allowed, and it is Denied',
      '    containers: expected worker, web, and it is web',
      '    worker: acme/worker:1 is in no image map',
      "✓  tests/payments.yaml:14  another team's pods are left alone  skip     no_policy",
      '2 cases: 1 passed, 1 failed.',
      '',
    ].join('\n'),
  );
  const json = dataIn((await there.outrider(['test', 'tests', '-o', 'json'])).stdout);
  t.match(json, {
    cases: [
      { file: 'tests/payments.yaml', line: 11, resource: 'deploy/web', passed: false, admission: 'Denied' },
      { passed: true, decision: 'skip', policy: null },
    ],
    summary: { cases: 2, passed: 1, failed: 1, untested: 0 },
  });
  t.equal(at(json, 'cases', 0, 'output'), undefined, 'the whole document only where it was compared');
  const junit = await there.read('out.xml');
  t.match(junit, /<testsuite name="tests\/payments.yaml" tests="2" failures="1" errors="0">/);
  t.match(
    junit,
    /<testcase name="deploy\/web in payments" classname="payments" file="tests\/payments.yaml" line="11">/,
  );
  t.match(junit, /<failure message="decision: expected inject, and it is partial; /);
});

t.test('JUnit’s form stays XML whatever a name holds', async (t) => {
  const odd = passing.replace("name: another team's pods are left alone", 'name: "a <b> & \\"c\\" \\u0001"');
  const there = await place(t, odd);
  await there.outrider(['test', 'tests', '--junit', 'out.xml']);
  t.match(await there.read('out.xml'), 'name="a &lt;b&gt; &amp; &quot;c&quot;  "');
});

t.test('--update writes down what comes out; comments and form stay, and the next run passes', async (t) => {
  const first = `${head}${facts}cases:
  # What the auditors ask for.
  - resource: deploy/web # the front
    namespace: payments
    expect:
      decision: skip # not for long
      containers: [web]
      output: expected/web.yaml
  - { resource: deploy/web, namespace: shop }
`;
  const there = await place(t, first);
  t.match(await there.outrider(['test', 'tests']), { code: 1, stdout: /nothing is expected; --update writes/ });
  const ran = await there.outrider(['test', 'tests', '--update']);
  t.match(ran, { code: 0, stdout: /Written: tests\/expected\/web.yaml, tests\/payments.yaml\./ });
  const text = await there.read('tests/payments.yaml');
  t.match(text, "# The payments team's policy.");
  t.match(text, '  # What the auditors ask for.\n  - resource: deploy/web # the front\n');
  t.match(text, 'decision: inject # not for long\n');
  t.match(text, /containers: \[web, worker\]/);
  t.match(text, /no_policy/);
  t.match(await there.read('tests/expected/web.yaml'), /outrider.dev\/status: injected/);
  t.match(await there.outrider(['test', 'tests']), { code: 0, stdout: /2 passed/ });
  const before = await there.read('tests/payments.yaml');
  await there.outrider(['test', 'tests', '--update']);
  t.equal(await there.read('tests/payments.yaml'), before, 'nothing is written twice');
});

t.test('an output is compared as data: another form and order pass, another value does not', async (t) => {
  const test = `${head}${facts}cases: [{ resource: deploy/web, namespace: shop, expect: { output: out.yaml } }]\n`;
  const there = await place(t, test);
  await there.write(
    'tests/out.yaml',
    '{"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "web"}, ' +
      '"spec": {"template": {"spec": {"containers": [{"command": ["/app"], "name": "web", "image": "acme/web:1"}, ' +
      '{"name": "worker", "image": "acme/worker:1"}]}}}}',
  );
  t.match(await there.outrider(['test', 'tests']), { code: 0 });
  await there.write('tests/out.yaml', web.replace('/app', '/other'));
  t.match(await there.outrider(['test', 'tests']), { code: 1, stdout: /output: it is not what out.yaml holds/ });
});

t.test('--update writes no output outside of the folder, by its path or by a link', async (t) => {
  const outside = await mkdtemp(join(tmpdir(), 'outside-'));
  t.teardown(() => rm(outside, { recursive: true }));
  for (const output of ['../../outside.yaml', join(outside, 'a.yaml'), 'link/a.yaml', 'link/new/a.yaml']) {
    const test = `${head}${facts}cases: [{ resource: deploy/web, namespace: shop, expect: { output: ${output} } }]\n`;
    const there = await place(t, test);
    await symlink(outside, join(there.cwd, 'tests/link'));
    const ran = await there.outrider(['test', 'tests', '--update']);
    t.match(ran, { code: 2, stderr: /outside of tests; it was not written/ }, output);
    t.same(await readdir(outside), [], output);
    t.equal(await there.read('tests/payments.yaml'), test, 'nor anything else');
  }
});

t.test('nothing of the machine has a say: no variable, no registry', async (t) => {
  const env = { OUTRIDER_LOOKUP: 'true', OUTRIDER_TOOLS_IMAGE: 'x', OUTRIDER_EXCLUDED_NAMESPACES: 'payments' };
  t.match(await (await place(t, passing)).outrider(['test', 'tests'], { env }), { code: 0 });
});

t.test('facts of the cluster are the settings that offline commands have, and are checked as they are', async (t) => {
  const kept = clusterSettingKeys.filter((key) => key !== 'ownPartsMayDiffer');
  t.same(Object.keys(clusterFactsSchema.shape).sort(), [...kept].sort());
  const cluster = (text: string) => passing.replace('facts:\n', `facts:\n  cluster: { ${text} }\n`);
  const excluded = await place(t, cluster('excludedNamespaces: [payments]'));
  t.match(await excluded.outrider(['test', 'tests']), { code: 1, stdout: /policy: expected payments, and it is none/ });
  const wrong = await place(t, cluster('imageRewrites: [nonsense]'));
  t.match(await wrong.outrider(['test', 'tests']), { code: 2, stderr: /imageRewrites in facts.cluster/ });
});

t.test('resources without a case are counted', async (t) => {
  const more = { 'tests/web.yaml': `${web}---\n${web.replace('name: web', 'name: api')}` };
  t.match(await (await place(t, passing, more)).outrider(['test', 'tests']), {
    code: 0,
    stdout: /1 resource has no case/,
  });
});

t.test('a task of ECS is a resource, too', async (t) => {
  const task = {
    family: 'shop',
    networkMode: 'awsvpc',
    requiresCompatibilities: ['FARGATE'],
    cpu: '256',
    memory: '512',
  };
  const there = await place(
    t,
    `${head.replace('web.yaml', 'task.json')}cases: [{ resource: task/shop, expect: { decision: skip, reason: no_policy } }]\n`,
    {
      'tests/task.json': JSON.stringify({
        ...task,
        containerDefinitions: [{ name: 'web', image: 'a', entryPoint: ['/a'] }],
      }),
    },
  );
  t.match(await there.outrider(['test', 'tests']), { code: 0 });
});

const badInput: readonly (readonly [string, (there: Workplace) => Promise<void>, RegExp])[] = [
  ['no test', (there) => there.write('tests/payments.yaml', 'kind: Other\n'), /there is no PolicyTest/],
  [
    'a word that is none',
    (there) => there.write('tests/payments.yaml', passing.replace('decision: skip', 'decision: deny')),
    /payments.yaml:17 \(document 1\): cases\[1\].expect.decision is "deny".* give one of inject, partial, skip/,
  ],
  [
    'no such resource',
    (there) => there.write('tests/payments.yaml', passing.replace('deploy/web', 'deploy/wep')),
    /payments.yaml:11: cases\[0\].resource is deploy\/wep, which the resources do not have; did you mean deploy\/web\?/,
  ],
  [
    'two of that name',
    (there) => there.write('tests/web.yaml', `${web}---\n${web}`),
    /several are called so \(tests\/web.yaml:1 and tests\/web.yaml:13\); name the file or the namespace, too/,
  ],
  [
    'no such policy',
    (there) => there.write('tests/payments.yaml', passing.replace('../policies', '../policy')),
    /payments.yaml names policy: there is no such file/,
  ],
  [
    'a policy that is not valid',
    (there) => there.write('policies/payments.yaml', policy.replace('prefer:', 'prefers:')),
    /policies\/payments.yaml:5 \(document 1\): spec.prefers is not a known field/,
  ],
  ['a resource that is no YAML', (there) => there.write('tests/web.yaml', 'a: [\n'), /web.yaml/],
];

for (const [what, spoil, words] of badInput) {
  t.test(`bad input is 2, and no case is run: ${what}`, async (t) => {
    const there = await place(t, passing);
    await spoil(there);
    const ran = await there.outrider(['test', 'tests']);
    t.match(ran, { code: 2, stdout: '', stderr: words });
  });
}

t.test('what is no test is not even read as YAML', async (t) => {
  const more = { 'tests/chart/templates/web.yaml': 'name: {{ .Values.name }}\n' };
  t.match(await (await place(t, passing, more)).outrider(['test', 'tests']), { code: 0 });
});
