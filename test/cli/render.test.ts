import { execFile } from 'node:child_process';
import { chmod, readFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import t from 'tap';
import { parse, parseAllDocuments } from 'yaml';
import { isObject, listOf, objectOf, stringOf, type JsonObject, type JsonValue } from '../../src/model/json.js';
import { nodeAgentTargets } from '../../src/profile/node-agent/render.js';
import { workplace, type Ran } from './harness.js';

const run = promisify(execFile);
const manual = new URL('../../../test/fixtures/datadog-node/manual/', import.meta.url);
const manualText = (name: string): string => readFileSync(new URL(name, manual), 'utf8');

type T = Parameters<typeof workplace>[0];

async function render(t: T, ...args: string[]): Promise<Ran> {
  const place = await workplace(t);
  return place.outrider(['render', 'datadog-node', ...args]);
}

function asObject(text: string): JsonObject {
  const value: unknown = parse(text);
  if (isObject(value)) return value;
  throw new Error(`not an object: ${text}`);
}

/** What a JSON pointer leads to. */
function at(value: JsonValue | undefined, path: string): JsonValue | undefined {
  return path
    .split('/')
    .filter((part) => part !== '')
    .reduce<JsonValue | undefined>((here, part) => (isObject(here) ? here[part] : listOf(here)[Number(part)]), value);
}

/** The words that `docker` is called with when a shell is given the text. */
async function dockerWords(t: T, script: string, env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const place = await workplace(t, { 'bin/docker': '#!/bin/sh\nfor word; do printf "%s\\n" "$word"; done\n' });
  await chmod(`${place.cwd}/bin/docker`, 0o755);
  const { stdout } = await run('/bin/sh', ['-c', script], { env: { PATH: `${place.cwd}/bin:/usr/bin:/bin`, ...env } });
  return stdout.trimEnd().split('\n');
}

t.test('docker: it can be pasted, where the manual’s cannot', async (t) => {
  const { code, stdout } = await render(t, '--for', 'docker');
  t.equal(code, 0);
  const ours = await dockerWords(t, stdout, { DD_API_KEY: 'not-to-be-seen' });
  t.equal(ours.at(-1), 'public.ecr.aws/datadog/agent:7.81.1');
  t.match(manualText('docker-run.sh'), /\\ +#/);
  t.notMatch(stdout, /\\[ \t]+\S/, 'nothing stands behind a backslash');
  t.notOk(
    ours.some((word) => word.includes('not-to-be-seen')),
    'the key is in no command line',
  );
  t.ok(ours.includes('DD_API_KEY'), 'docker takes it from the environment');

  // The manual's, with its comment taken out.
  const theirs = await dockerWords(
    t,
    manualText('docker-run.sh')
      .replace(/\\ #.*/, '\\')
      .replace('<API KEY>', 'K'),
    {},
  );
  const missing = theirs.filter((word) => !ours.includes(word));
  t.same(missing, [
    '/etc/os-release:/etc/os-release', // seen at /host/etc/os-release, read-only
    'DD_API_KEY=K',
    'gcr.io/datadoghq/agent:7',
  ]);
  t.end();
});

t.test('docker: without a key in the environment nothing is started', async (t) => {
  const { stdout } = await render(t, '--for', 'docker');
  await t.rejects(dockerWords(t, stdout, {}), /export the Datadog API key/);
});

t.test('docker: a value with blanks and quotes stays one word', async (t) => {
  const { stdout } = await render(t, '--for', 'docker', '--set', "tags=env:it's a:b $HOME");
  const words = await dockerWords(t, stdout, { DD_API_KEY: 'k' });
  t.ok(words.includes("DD_TAGS=env:it's a:b $HOME"));
});

t.test('helm: remote configuration is switched where the chart reads it', async (t) => {
  const ours = asObject((await render(t, '--for', 'helm')).stdout);
  const theirs = asObject(manualText('helm.yaml'));
  t.equal(at(theirs, '/datadog/remoteConfiguration/enabled'), true, 'deprecated there');
  t.equal(at(ours, '/datadog/remoteConfiguration'), undefined);
  t.equal(at(ours, '/remoteConfiguration/enabled'), true);
  t.equal(at(ours, '/datadog/securityAgent/runtime/enabled'), at(theirs, '/datadog/securityAgent/runtime/enabled'));
  t.equal(at(ours, '/datadog/apiKeyExistingSecret'), 'datadog-secret');
});

t.test('operator: a custom resource, which the manual calls values.yaml', async (t) => {
  const { stdout } = await render(t, '--for', 'operator', '--set', 'secretName=keys');
  const ours = asObject(stdout);
  t.match(manualText('operator.yaml'), /values\.yaml/);
  t.equal(ours['apiVersion'], 'datadoghq.com/v2alpha1');
  t.equal(ours['kind'], 'DatadogAgent');
  t.match(ours, asObject(manualText('operator.yaml')), 'what the manual gives is in it');
  t.equal(at(ours, '/spec/global/credentials/apiSecret/secretName'), 'keys');
});

t.test('daemonset: what the manual’s snippet means', async (t) => {
  const theirs = manualText('daemonset.txt');
  const ours = asObject((await render(t, '--for', 'daemonset')).stdout);
  t.match(theirs, 'apiVersion:app/1');
  t.equal(ours['apiVersion'], 'apps/v1');
  t.match(theirs, /env:\n.*DD_REMOTE_CONFIGURATION_ENABLED\n.*\n +- name: system-probe/, 'a container among variables');
  const containers = listOf(at(ours, '/spec/template/spec/containers'));
  t.same(
    containers.map((container) => objectOf(container)?.['name']),
    ['agent', 'system-probe', 'security-agent'],
    'containers side by side',
  );
  for (const index of [1, 2]) {
    const names = listOf(at(containers[index], '/env')).map((variable) => objectOf(variable)?.['name']);
    t.ok(names.includes('DD_RUNTIME_SECURITY_CONFIG_ENABLED'));
    t.ok(names.includes('DD_RUNTIME_SECURITY_CONFIG_REMOTE_CONFIGURATION_ENABLED'));
  }
  t.equal(at(ours, '/spec/template/spec/hostPID'), true);
  const volumes = listOf(at(ours, '/spec/template/spec/volumes')).map((volume) => objectOf(volume)?.['name']);
  for (const mount of listOf(at(containers[1], '/volumeMounts'))) t.ok(volumes.includes(objectOf(mount)?.['name']));
});

t.test('host: three files, as a stream or in a folder, where nothing is written over', async (t) => {
  const place = await workplace(t, { 'there/system-probe.yaml': 'mine: true\n' });
  const outrider = (...args: string[]) => place.outrider(['render', 'datadog-node', '--for', 'host', ...args]);
  const { stdout, stderr } = await outrider();
  t.same(stdout.match(/^# .*/gm), ['# datadog.yaml', '# security-agent.yaml', '# system-probe.yaml']);
  const ours = parseAllDocuments(stdout).map((document) => document.toJS() as unknown);
  const theirs = parseAllDocuments(manualText('host.yaml')).map((document) => document.toJS() as unknown);
  t.match(ours, theirs, 'what the manual gives is in them');
  t.match(ours[0], { runtime_security_config: { enabled: true } }, 'the main file too, as today’s manual has it');
  t.match(stderr, /restart datadog-agent/);

  t.equal((await outrider('--dir', 'new')).code, 0);
  t.same(parse(await place.read('new/datadog.yaml')), ours[0]);
  const refused = await outrider('--dir', 'there');
  t.equal(refused.code, 2);
  t.match(refused.stderr, /there\/system-probe\.yaml: it is there already/);
  t.equal(await place.read('there/system-probe.yaml'), 'mine: true\n');
  await t.rejects(readFile(`${place.cwd}/there/datadog.yaml`), 'none is written when one cannot be');
  t.equal((await outrider('-o', 'json')).code, 2);
});

t.test('beanstalk: the manual’s file, with each correction', async (t) => {
  const ours = asObject((await render(t, '--for', 'beanstalk')).stdout);
  const theirs = asObject(manualText('Dockerrun.aws.json'));
  const container = (from: JsonObject): JsonObject => objectOf(listOf(from['containerDefinitions'])[0]) ?? {};
  const volume = (from: JsonObject, name: string) =>
    listOf(from['volumes']).find((each) => objectOf(each)?.['name'] === name);
  const mounts = (from: JsonObject) => listOf(container(from)['mountPoints']).map((mount) => objectOf(mount) ?? {});

  t.equal(ours['AWSEBDockerrunVersion'], 2, 'a number');
  t.equal(container(theirs)['name'], undefined);
  t.equal(container(ours)['name'], 'datadog-agent', 'the container has a name');
  t.equal(at(volume(theirs, 'cgroup'), '/host/sourcePath'), '/cgroup/');
  t.equal(at(volume(ours, 'cgroup'), '/host/sourcePath'), '/sys/fs/cgroup/', 'the cgroups of today’s Amazon Linux');
  t.equal(container(ours)['essential'], false, 'the application outlives the Agent');
  t.same(
    mounts(ours)
      .filter(({ readOnly }) => readOnly !== true)
      .map(({ sourceVolume }) => sourceVolume),
    ['debug'],
    'nothing of the machine can be written that needs not be',
  );
  t.ok(volume(ours, 'root'), 'the machine’s root, as for docker run');
  t.equal(at(container(theirs), '/environment/0/value'), '<YOUR_DD_API_KEY>');

  for (const field of ['memory', 'dockerSecurityOptions', 'linuxParameters']) {
    t.same(container(ours)[field], container(theirs)[field], `${field} as in the manual`);
  }
  const pairs = (from: JsonObject) =>
    mounts(from).map(
      (m) => `${stringOf(m['sourceVolume']) ?? '?'} ${stringOf(m['containerPath'])?.replace(/\/$/, '') ?? '?'}`,
    );
  t.same(
    pairs(theirs).filter((pair) => !pairs(ours).includes(pair)),
    [],
  );
  const variables = (from: JsonObject) =>
    listOf(container(from)['environment']).map((entry) => objectOf(entry)?.['name']);
  t.same(
    variables(theirs).filter((name) => !variables(ours).includes(name)),
    ['DD_TAGS'],
    'tags only when given',
  );
});

t.test('ecs-ec2: the key by reference, and the machine’s processes', async (t) => {
  const arn = 'arn:aws:ssm:eu-west-1:111122223333:parameter/datadog';
  const ours = asObject((await render(t, '--for', 'ecs-ec2', '--set', `accessKeySecretArn=${arn}`)).stdout);
  t.same(at(ours, '/containerDefinitions/0/secrets'), [{ name: 'DD_API_KEY', valueFrom: arn }]);
  t.equal(ours['pidMode'], 'host');
  const volumes = listOf(ours['volumes']).map((volume) => objectOf(volume)?.['name']);
  const mounted = listOf(at(ours, '/containerDefinitions/0/mountPoints')).map(
    (mount) => objectOf(mount)?.['sourceVolume'],
  );
  t.same(mounted, volumes);
  const environment = listOf(at(ours, '/containerDefinitions/0/environment'));
  t.notOk(environment.some((entry) => objectOf(entry)?.['name'] === 'DD_API_KEY'));
});

t.test('settings reach every platform, and a key is taken by none', async (t) => {
  for (const target of nodeAgentTargets) {
    const off = await render(
      t,
      '--for',
      target,
      '--set',
      'remoteConfiguration=false',
      '--set',
      'networkEvents=false',
      '-q',
    );
    t.equal(off.code, 0, target);
    t.equal(off.stderr, '');
    t.match(off.stdout, /false/);
    t.notMatch(off.stdout.toLowerCase(), /remote_?configuration[^\n]*\n? *[^\n]*true/, target);
    const key = await render(t, '--for', target, '--set', 'apiKey=0123456789abcdef0123456789abcdef');
    t.equal(key.code, 2);
    t.match(key.stderr, /the API key is never given here/);
    t.notMatch(key.stderr, /0123456789abcdef/);
  }
});

t.test('documents in the other form', async (t) => {
  t.same(
    JSON.parse((await render(t, '--for', 'helm', '-o', 'json')).stdout),
    asObject((await render(t, '--for', 'helm')).stdout),
  );
  t.match((await render(t, '--for', 'beanstalk', '-o', 'yaml')).stdout, /^AWSEBDockerrunVersion: 2$/m);
  t.equal((await render(t, '--for', 'docker', '-o', 'json')).code, 2);
});

t.test('wrong usage says what is right', async (t) => {
  const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [['datadog-node'], /there is no platform; give --for with one of helm, operator/],
    [['datadog-node', '--for', 'hlm'], /hlm is no platform; did you mean helm\?/],
    [['sysdig', '--for', 'helm'], /render knows the profile datadog-node alone/],
    [['datadog-node', '--for', 'helm', '--set', 'sites=x'], /did you mean site\?/],
    [['datadog-node', '--for', 'helm', '--set', 'memoryMiB=1'], /give 128 or more/],
    [['datadog-node', '--for', 'helm', '--set', 'spec.prefer=Security'], /a field of a policy/],
  ];
  const place = await workplace(t);
  for (const [args, message] of cases) {
    const { code, stderr, stdout } = await place.outrider(['render', ...args]);
    t.equal(code, 2, args.join(' '));
    t.match(stderr, message);
    t.equal(stdout, '');
  }
  const help = await place.outrider(['render', '--help']);
  t.match(help.stdout, /networkEvents +whether network events are collected/);
});
