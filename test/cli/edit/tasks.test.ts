import t from 'tap';
import { isArray, isObject, objectOf, type JsonObject } from '../../../src/model/json.js';
import { workplace } from '../harness.js';

const arn = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:agent-AbCdEf';
const policy = ['--profile', 'sysdig', '--set', 'region=us2', '--set', `accessKeySecretArn=${arn}`];
const web = { name: 'web', image: 'acme/web:1', memory: 128, entryPoint: ['/web'] };
const task = `${JSON.stringify({ family: 'shop', memory: '512', containerDefinitions: [web] }, undefined, 2)}\n`;
const dockerrun = `${JSON.stringify({ AWSEBDockerrunVersion: 2, containerDefinitions: [web] }, undefined, 2)}\n`;
const pod =
  'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - {name: a, image: b, command: [/c]}\n';

function json(text: string): JsonObject {
  const value: unknown = JSON.parse(text);
  const first: unknown = isArray(value) ? value[0] : value;
  return isObject(first) ? first : {};
}

t.test('pods and tasks stand side by side, in place and back', async (t) => {
  const files = { 'a/pod.yaml': pod, 'a/task.json': task, 'a/other.json': '{ "x":1 }' };
  const place = await workplace(t, files);
  const there = await place.outrider(['inject', '-f', 'a', ...policy, '--in-place']);
  t.match(there.stderr, '1 pod template and 1 task: 2 inject, 0 partial, 0 skip; 2 changed. 2 files written.');
  t.match(await place.read('a/task.json'), '/opt/draios/bin/instrument');
  const back = await place.outrider(['uninject', '-f', 'a', '--in-place']);
  t.match(back.stderr, '1 pod template and 1 task: 2 restored.');
  for (const [name, text] of Object.entries(files)) t.equal(await place.read(name), text, name);
  const nothing = await place.outrider(['uninject', '-f', 'a/task.json', '--check']);
  t.match(nothing.stderr, 'unchanged: no record outrider.dev/undo');
  t.equal(nothing.code, 0);
});

t.test('--undo-file: written, joined to what belongs to the file, replaced otherwise', async (t) => {
  const place = await workplace(t, { 'd.json': dockerrun, 'wrong.json': '{}' });
  const inject = (from: string, ...more: readonly string[]) =>
    place.outrider(['inject', '-f', from, ...policy, ...more]);
  const without = await inject('d.json');
  t.match(without.stderr, 'give --undo-file FILE for uninject to take this back');
  t.notMatch((await inject('d.json', '-q')).stderr, '--undo-file');

  const checked = await inject('d.json', '--undo-file', 'u.json', '--check');
  t.equal(checked.code, 1);
  await t.rejects(place.read('u.json'), 'nothing is written under --check');

  const { stdout } = await inject('d.json', '--undo-file', 'u.json');
  await place.write('new.json', stdout);
  await inject('d.json', '--undo-file', 'u.json');
  const undo = await place.outrider(['uninject', '-f', 'new.json', '--undo-file', 'u.json']);
  t.equal(undo.stdout, dockerrun, 'the same injection twice leaves one record');

  const grown = stdout.replace(
    '"containerDefinitions": [',
    `"containerDefinitions": [\n    ${JSON.stringify({ ...web, name: 'two' })},`,
  );
  await place.write('grown.json', grown);
  await inject('grown.json', '--undo-file', 'u.json');
  t.match(await place.read('u.json'), /^\{"v":1,/, 'a record that does not belong to the file is replaced');

  t.match((await inject('d.json', '--undo-file', 'wrong.json')).stderr, /has not the form/, 'anything else stays');
  t.equal(await place.read('wrong.json'), '{}');
  const missing = await place.outrider(['uninject', '-f', 'new.json', '--undo-file', 'none.json']);
  t.equal(missing.code, 2);
  t.match(missing.stderr, 'none.json: there is no such file');
  t.match((await place.outrider(['uninject', '-f', 'new.json'])).stderr, 'unchanged: no --undo-file');
  t.match((await inject('d.json', '--undo-file', 'no/such/folder')).stderr, 'cannot be written');
  await place.write('d2.json', dockerrun);
  const two = await inject('d.json', '-f', 'd2.json', '--undo-file', 'u2.json');
  t.match(two.stderr, '--undo-file is for one Dockerrun file');
  t.equal(two.code, 2);
});

t.test('--only: a name that no task has is a mistake', async (t) => {
  const place = await workplace(t, { 'task.json': task });
  const { code, stderr } = await place.outrider(['inject', '-f', 'task.json', ...policy, '--only', 'wbe']);
  t.equal(code, 2);
  t.match(stderr, '--only wbe: no task of the input has a container of that name.');
});

t.test('--only is no opt-out: under Security the other tasks of a template pass', async (t) => {
  const one = (name: string): string =>
    `  ${name}:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n        - {Name: ${name}, Image: a, EntryPoint: [/x]}\n        - !If [P, {Name: q, Image: b}, !Ref "AWS::NoValue"]\n`;
  const place = await workplace(t, { 't.yaml': `Resources:\n${one('A')}${one('B')}` });
  const argv = ['inject', '-f', 't.yaml', ...policy, '--prefer', 'Security'];
  const { code, stdout } = await place.outrider([...argv, '--only', 'A']);
  t.equal(code, 0);
  t.equal(stdout.split('/opt/draios/bin/instrument').length, 3, 'A, and its undo record');
  t.equal((await place.outrider(argv)).code, 1, 'without it, a container that nobody knows is held back');
});

t.test('settings that only a task can show to be wrong', async (t) => {
  const place = await workplace(t, { 'task.json': task });
  const open = await place.outrider([
    'inject',
    '-f',
    'task.json',
    '--profile',
    'sysdig',
    '--set',
    'region=us2',
    '--set',
    'accessKeySecretArn=${Key}',
  ]);
  t.equal(open.code, 2);
  t.match(open.stderr, /accessKeySecretArn is \$\{Key\}, which only a CloudFormation template can fill in/);
  const region = await place.outrider(['inject', '-f', 'task.json', ...policy, '--set', 'taskLogGroup=/x']);
  t.equal(region.code, 2);
  t.match(region.stderr, /taskLogRegion is missing/);
});

t.test('reports and explanations for programs', async (t) => {
  const place = await workplace(t, { 'task.json': task });
  const report = await place.outrider(['inject', '-f', 'task.json', ...policy, '--report', 'json', '-o', 'patch']);
  const [about] = isArray(json(report.stderr)['templates'])
    ? [json(JSON.stringify(json(report.stderr)['templates']))]
    : [];
  t.match(about, {
    kind: 'TaskDefinition',
    name: 'shop',
    decision: 'inject',
    changed: true,
    containers: { instrumented: 1 },
  });
  t.match(json(report.stdout), { kind: 'TaskDefinition', pointer: '' });
  const explained = json((await place.outrider(['explain', '-f', 'task.json', ...policy, '-o', 'json'])).stdout);
  t.match(explained, { kind: 'TaskDefinition', decision: 'inject', shareProcessNamespace: true, namespaceLabels: {} });
  t.notOk('namespace' in explained);
  t.match(objectOf(isArray(explained['containers']) ? explained['containers'][0] : undefined), {
    name: 'web',
    result: 'instrumented',
    before: { command: ['/web'] },
    after: { command: ['/opt/draios/bin/instrument', '/web'] },
  });
  const skipped = await place.outrider([
    'explain',
    '-f',
    'task.json',
    '--profile',
    'sysdig',
    '--set',
    'region=us2',
    '--prefer',
    'Security',
  ]);
  t.match(skipped.stdout, 'denied: credentials_missing');
});

t.test('a profile without a recipe for tasks leaves them alone, with a reason', async (t) => {
  const profile = `apiVersion: outrider.dev/v1alpha1
kind: InstrumentationProfile
metadata: {name: acme}
spec: {version: '1', wrapper: {argv: [/w/wrap]}}
---
apiVersion: outrider.dev/v1alpha1
kind: InstrumentationPolicy
metadata: {name: acme}
spec: {profile: {name: acme}}
`;
  const place = await workplace(t, { 'task.json': task, 'p.yaml': profile });
  const { code, stdout, stderr } = await place.outrider(['inject', '-f', 'task.json', '--policy', 'p.yaml']);
  t.equal(code, 0);
  t.equal(stdout, task);
  t.match(stderr, 'task_unsupported');
});

t.test('the operator’s rewrites hold for the agent’s image', async (t) => {
  const place = await workplace(t, { 'task.json': task });
  const argv = ['inject', '-f', 'task.json', ...policy, '--image-rewrite', 'quay.io/=mirror.example.com/'];
  t.match((await place.outrider(argv)).stdout, '"mirror.example.com/sysdig/workload-agent:6.3.0"');
});

t.test('W4: a bare list of container definitions, as Terraform has it, there and back', async (t) => {
  const list = '[{"name":"w","image":"a/b:1","entryPoint":["/x"],"essential":true}]\n';
  const pretty = `${JSON.stringify([{ Name: 'w', Image: 'a/b:1', EntryPoint: ['/x'] }, web], undefined, 2)}\n`;
  const place = await workplace(t, { 'array.json': list, 'pretty.json': pretty });
  for (const [file, before] of [
    ['array.json', list],
    ['pretty.json', pretty],
  ] as const) {
    const { code, stdout, stderr } = await place.outrider(['inject', '-f', file, ...policy]);
    t.equal(code, 0);
    t.match(stderr, 'container definitions  inject  injected');
    t.match(stderr, 'task_level_missing: the task has to have pid_mode = "task"');
    const after: unknown = JSON.parse(stdout);
    t.ok(isArray(after), 'a list stays a list');
    t.match(isArray(after) ? after.at(-1) : undefined, { name: 'SysdigInstrumentation' });
    await place.write('after.json', stdout);
    t.equal((await place.outrider(['inject', '-f', 'after.json', ...policy])).stdout, stdout, 'once is enough');
    t.equal((await place.outrider(['uninject', '-f', 'after.json'])).stdout, before, 'byte for byte');
  }
  const { stdout } = await place.outrider(['inject', '-f', 'array.json', ...policy, '-o', 'patch']);
  t.match(stdout, '"path": "/0/entryPoint/0"');
  t.match(
    (await place.outrider(['explain', '-f', 'array.json', ...policy])).stdout,
    'container definitions  INJECT 1 of 1',
  );
  t.equal((await place.outrider(['doctor', 'array.json'])).stderr.includes('internal'), false);
});

t.test('W4: lists that hold no tasks stay as they are', async (t) => {
  const lists = [
    '[]',
    '[1,2]',
    '[{"name":"web","imageUri":"a/b:1"}]',
    '[{"name":"web","image":"a/b:1"}]',
    '[{"name":"web","image":"a/b:1","command":["x"],"env":[]}]',
    '[{"apiVersion":"v1","kind":"Pod","name":"a","image":"b","cpu":1}]',
  ];
  for (const text of lists) {
    const place = await workplace(t, { 'list.json': text });
    const { stdout, stderr } = await place.outrider(['inject', '-f', 'list.json', ...policy]);
    t.equal(stdout, text);
    t.match(stderr, '0 pod templates');
  }
});
