import { readFile } from 'node:fs/promises';
import t from 'tap';
import { readManifests } from '../../../src/documents/manifest/manifest.js';
import { allWorkloadKinds } from '../../../src/model/workload-kinds.js';
import { workplace } from '../harness.js';
import { withSysdig } from '../manifests.js';

const body = ['spec:', '  containers:', '  - name: web # the program', '    image: a/web:1', '    command: [/app]'];

/** YAML lines of an object with a pod's template where a path leads. */
function nested([key, ...rest]: readonly string[]): readonly string[] {
  if (key === undefined) return body;
  if (key !== '*') return [`${key}:`, ...nested(rest).map((line) => `  ${line}`)];
  const [first = '', ...more] = nested(rest);
  return [`- ${first}`, ...more.map((line) => `  ${line}`)];
}

t.test('W21: each kind is injected, again without change, given back to the byte, and explained', async (t) => {
  const place = await workplace(t);
  for (const { kind, group, version, templates, called } of allWorkloadKinds) {
    const apiVersion = group === '' ? version : `${group}/${version}`;
    for (const path of templates) {
      const head = `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: x }\n`;
      const text = `${head}${nested(path).join('\n')}\n`;
      const run = (command: string, stdin: string, ...more: readonly string[]) =>
        place.outrider([command, '-f', '-', ...more], { stdin });
      const injected = await run('inject', text, ...withSysdig, '--prefer', 'Security');
      t.equal(injected.code, 0, `${kind} of ${apiVersion}`);
      t.match(injected.stderr, new RegExp(`✓ {2}-:1 {2}${called}/x.* inject `));
      t.match(injected.stdout, 'command: [/opt/draios/bin/instrument, /app]');
      t.match(injected.stdout, '- name: web # the program\n');
      const [pod] = readManifests(injected.stdout, '-')[0]?.templates ?? [];
      t.match(pod?.pod['spec'], { shareProcessNamespace: true });
      t.notMatch(injected.stdout, /(?<!\$)\$\{\w+\}/, 'nothing that OpenShift’s templates would fill in');
      const again = await run('inject', injected.stdout, ...withSysdig, '--prefer', 'Security', '-q');
      t.equal(again.stdout, injected.stdout);
      t.equal((await run('uninject', injected.stdout, '-q')).stdout, text);
      const explained = await run('explain', text, ...withSysdig);
      t.match(explained.stdout, new RegExp(`^${called}/x.* {2}INJECT 1 of 1 `));
    }
  }
});

t.test('W21: --template-path for inject, uninject and explain', async (t) => {
  const text = `apiVersion: agones.dev/v1\nkind: Fleet\nmetadata: { name: x }\n${nested(['spec', 'sets', '*', 'pod']).join('\n')}\n`;
  const place = await workplace(t, { 'fleet.yaml': text });
  const fleet = ['-f', 'fleet.yaml', '--template-path', 'Fleet.agones.dev=spec.sets.*.pod'];
  const before = await place.outrider(['explain', '-f', 'fleet.yaml', ...withSysdig]);
  t.match(
    before.stderr,
    /^! {2}fleet.yaml:1 {2}fleet\/x {2}not_looked_at\n.*\n +fix: .*Fleet\.agones\.dev=spec\.sets\.\*\.pod\./,
  );
  t.match(before.stderr, 'There is no pod, no pod template and no task in the input.');
  const explained = await place.outrider(['explain', ...fleet, ...withSysdig, '-o', 'json']);
  t.match(JSON.parse(explained.stdout), [
    { kind: 'Fleet', apiVersion: 'agones.dev/v1', part: '0', pointer: '/spec/sets/0/pod', decision: 'inject' },
  ]);
  t.equal(explained.stderr, '');
  t.equal((await place.outrider(['inject', ...fleet, ...withSysdig, '-i', '-q'])).code, 0);
  t.match(await place.read('fleet.yaml'), '/opt/draios/bin/instrument');
  const blind = await place.outrider(['uninject', '-f', 'fleet.yaml']);
  t.match(blind.stderr, /not_looked_at\n[^]*0 restored/);
  t.match(JSON.parse((await place.outrider(['uninject', '-f', 'fleet.yaml', '--report', 'json'])).stderr), {
    notLookedAt: [{ reason: 'not_looked_at' }],
  });
  t.equal((await place.outrider(['uninject', ...fleet, '-q'])).stdout, text);
  const wrong = await place.outrider(['inject', '-f', 'fleet.yaml', ...withSysdig, '--template-path', 'Fleet']);
  t.match(wrong, { code: 2, stderr: /--template-path Fleet is not of the form KIND=PATH/ });
});

t.test('W21: what a kind’s API asks for beside is told where its pods are changed', async (t) => {
  const place = await workplace(t);
  const text = `apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: { name: x }\n${nested(['spec', 'template']).join('\n')}\n`;
  const inject = (stdin: string) => place.outrider(['inject', '-f', '-', ...withSysdig], { stdin });
  const first = await inject(text);
  t.match(first.stderr, /ksvc\/x .*\n {4}Knative takes it with these features on/);
  t.notMatch((await inject(first.stdout)).stderr, 'Knative takes it');
});

t.test(
  'W21: tasks that Fn::ForEach has to make first are named, with the command that expands them, in every form of output',
  async (t) => {
    const place = await workplace(t);
    const text = await readFile('test/fixtures/corpus/tasks/for-each-fields.yaml', 'utf8');
    await place.write('tasks.yaml', text);
    const outputs = ['yaml', 'json', 'patch', 'diff'].map((form) => ['inject', '-o', form, ...withSysdig]);
    const edits = [...outputs, ['inject', '--check', ...withSysdig], ['uninject']];
    const commands = [
      ...edits.flatMap((argv) => ['text', 'json'].map((form) => [...argv, '--report', form])),
      ...['text', 'json'].map((form) => ['explain', '-o', form, ...withSysdig]),
    ];
    for (const argv of commands) {
      const { code, stderr } = await place.outrider([...argv, '-f', 'tasks.yaml']);
      t.equal(code, 0, argv.join(' '));
      t.match(stderr, /\bnot_looked_at\b/);
      t.match(stderr, 'stands in Fn::ForEach and is no list of containers but Fn::FindInMap');
      t.match(stderr, '`aws cloudformation get-template --stack-name NAME --template-stage Processed`');
    }
  },
);

t.test('W21: tasks in Fn::ForEach are injected, updated, given back and explained', async (t) => {
  const place = await workplace(t);
  const text = await readFile('test/fixtures/corpus/tasks/for-each.yaml', 'utf8');
  const run = (command: string, stdin: string, ...more: readonly string[]) =>
    place.outrider([command, '-f', '-', ...more], { stdin });
  const key = ['--set', 'accessKeySecretArn=/keys/agent', '--no-lookup'];
  const injected = await run('inject', text, ...withSysdig, ...key, '--prefer', 'Security');
  t.equal(injected.code, 0, injected.stderr);
  t.match(injected.stderr, /✓ {2}-:1 {2}resource\/Task\$\{Name\} {2,}inject /);
  t.match(injected.stderr, /✓ {2}-:1 {2}resource\/Job&\{Name\}&\{Stage\} {2,}inject /);
  t.match(injected.stdout, 'EntryPoint: [/opt/draios/bin/instrument, /app], ');
  const again = await run('inject', injected.stdout, ...withSysdig, ...key, '--prefer', 'Security', '-q');
  t.equal(again.stdout, injected.stdout);
  const other = ['--profile', 'sysdig', '--set', 'region=eu1', ...key, '-q'];
  t.equal((await run('inject', injected.stdout, ...other)).stdout, (await run('inject', text, ...other)).stdout);
  t.equal((await run('uninject', injected.stdout, '-q')).stdout, text);
  const explained = await run('explain', text, ...withSysdig, ...key);
  t.match(explained.stdout, /^resource\/Task\$\{Name\} {2}INJECT 1 of 1 /);
});

t.test('W23: explain names the agent’s image as the nodes will pull it', async (t) => {
  const place = await workplace(t);
  const stdin = `apiVersion: v1\nkind: Pod\nmetadata: { name: x }\n${body.join('\n')}\n`;
  for (const [from, to, image] of [
    ['quay.io/', 'mirror.acme/quay/', 'mirror.acme/quay/sysdig/workload-agent'],
    ['quay.io', 'mirror.acme', 'mirror.acme/sysdig/workload-agent'],
    ['other.io/', 'mirror.acme/', 'quay.io/sysdig/workload-agent'],
  ] as const) {
    for (const form of ['text', 'json']) {
      const argv = ['explain', '-f', '-', ...withSysdig, '--image-rewrite', `${from}=${to}`, '-o', form];
      const { stdout } = await place.outrider(argv, { stdin });
      t.match(stdout, `what ${image}:`, argv.join(' '));
    }
  }
});
