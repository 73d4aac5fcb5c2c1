import { readFileSync } from 'node:fs';
import t from 'tap';
import { isObject, listOf, objectOf, type JsonObject, type JsonValue } from '../../src/model/json.js';
import { engineWith, injectText } from './tasks.js';

const folder = new URL('../../../test/golden-tasks/', import.meta.url);
const manual = readFileSync(new URL('seed-original/input.json', folder), 'utf8');
const result = objectIn(readFileSync(new URL('seed-final/input.json', folder), 'utf8'));
const arn = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:agent-AbCdEf';

function objectIn(text: string): JsonObject {
  const value: unknown = JSON.parse(text);
  return isObject(value) ? value : {};
}

function container(task: JsonObject, name: string): JsonObject {
  const found = listOf(task['containerDefinitions']).find((each) => isObject(each) && each['name'] === name);
  return objectOf(found) ?? {};
}

function without(value: JsonObject, ...keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}

function names(list: JsonValue | undefined): readonly JsonValue[] {
  return listOf(list).map((item) => objectOf(item)?.['name'] ?? null);
}

for (const prefer of ['Availability', 'Security']) {
  t.test(
    `Sysdig, ${prefer}: the manual's original goes in, and its result comes out with its gaps filled`,
    async (t) => {
      const engine = engineWith('sysdig', { region: 'us2', version: 'latest', accessKeySecretArn: arn }, { prefer });
      const { text } = await injectText(manual, engine);
      const task = objectIn(text);
      const agent = container(task, 'SysdigInstrumentation');
      const wanted = container(result, 'SysdigInstrumentation');

      t.same(without(task, 'containerDefinitions'), without(result, 'containerDefinitions'), 'the task, with pidMode');
      const workload = container(task, 'securitiy-playground');
      const original = container(result, 'securitiy-playground');
      t.same(without(workload, 'environment'), without(original, 'environment'), 'the workload');
      const unset = ['__INSTRUMENTATION_WRAPPER', 'SYSDIG_EXTRA_CONF'].map((name) => ({ name, value: '' }));
      t.same(
        workload['environment'],
        [...listOf(original['environment']), ...(prefer === 'Security' ? unset : [])],
        'its variables; under Security what is reserved is set to none (F4)',
      );
      const said = listOf(wanted['environment']).map((entry) =>
        objectOf(entry)?.['name'] === 'SYSDIG_PRIORITY'
          ? { name: 'SYSDIG_PRIORITY', value: prefer.toLowerCase() }
          : entry,
      );
      t.same(agent['environment'], said, 'the agent’s variables');
      t.equal(agent['image'], wanted['image']);

      t.same(
        agent['secrets'],
        [{ name: 'SYSDIG_ACCESS_KEY', valueFrom: arn }],
        'correction: the access key, as a secret',
      );
      t.equal(agent['essential'], prefer === 'Security', 'correction: essential, which ECS takes for true otherwise');
      const references = listOf(container(task, 'securitiy-playground')['volumesFrom']);
      t.same(
        references,
        [{ sourceContainer: agent['name'], readOnly: true }],
        'correction: one name for one container',
      );
      const labels = Object.keys(objectOf(agent['dockerLabels']) ?? {});
      t.same(labels, ['outrider.dev/undo'], 'what uninject needs');
      t.same(
        Object.keys(without(agent, 'secrets', 'essential', 'dockerLabels')).sort(),
        Object.keys(wanted).sort(),
        'nothing else is there',
      );
    },
  );
}

t.test('Sysdig: the image’s CMD is kept where overriding entryPoint would drop it, another correction', async (t) => {
  const task = objectIn(manual);
  const [first] = listOf(task['containerDefinitions']);
  const bare = { ...task, containerDefinitions: [without(objectOf(first) ?? {}, 'entryPoint')] };
  const images = new Map([
    ['sysdiglabs/security-playground', { entrypoint: ['gunicorn'], cmd: ['-b', ':8080', '$X'] }],
  ]);
  const { text } = await injectText(JSON.stringify(bare), engineWith('sysdig', { region: 'us2' }), images);
  const workload = container(objectIn(text), 'securitiy-playground');
  t.same(workload['entryPoint'], ['/opt/draios/bin/instrument', 'gunicorn']);
  t.same(workload['command'], ['-b', ':8080', '$X'], 'and no $ is doubled (E6)');
});

t.test('Datadog: the vendor’s recipe for ECS', async (t) => {
  const engine = engineWith('datadog', { accessKeySecretArn: arn }, { prefer: 'Security' });
  const { text } = await injectText(manual, engine);
  const task = objectIn(text);
  const volume = { sourceVolume: 'cws-instrumentation-volume', containerPath: '/cws-instrumentation-volume' };
  t.equal(task['pidMode'], 'task');
  t.same(task['volumes'], [{ name: 'cws-instrumentation-volume' }]);

  const workload = container(task, 'securitiy-playground');
  t.same(listOf(workload['entryPoint']).slice(0, 4), [
    '/cws-instrumentation-volume/cws-instrumentation',
    'trace',
    '--',
    'gunicorn',
  ]);
  t.same(workload['mountPoints'], [{ ...volume, readOnly: true }], 'read-only in the workload');
  t.same(workload['linuxParameters'], { capabilities: { add: ['SYS_PTRACE'] } });
  t.same(workload['dependsOn'], [
    { containerName: 'datadog-agent', condition: 'HEALTHY' },
    { containerName: 'cws-instrumentation-init', condition: 'SUCCESS' },
  ]);

  const init = container(task, 'cws-instrumentation-init');
  t.equal(init['essential'], false);
  t.equal(init['user'], '0');
  t.same(init['command'], ['/cws-instrumentation', 'setup', '--cws-volume-mount', '/cws-instrumentation-volume']);
  t.same(init['mountPoints'], [{ ...volume, readOnly: false }]);

  const agent = container(task, 'datadog-agent');
  t.same(names(agent['environment']), [
    'DD_SITE',
    'ECS_FARGATE',
    'DD_RUNTIME_SECURITY_CONFIG_ENABLED',
    'DD_RUNTIME_SECURITY_CONFIG_EBPFLESS_ENABLED',
  ]);
  t.same(agent['secrets'], [{ name: 'DD_API_KEY', valueFrom: arn }]);
  t.equal(agent['essential'], true);
  const check = { command: ['CMD-SHELL', '/probe.sh'], interval: 30, timeout: 5, retries: 2, startPeriod: 60 };
  t.same(agent['healthCheck'], check);
});
