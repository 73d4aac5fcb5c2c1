import { readFileSync } from 'node:fs';
import t from 'tap';
import { isObject, listOf, objectOf, parsedJson, type JsonObject } from '../../../src/model/json.js';
import { engineWith, injectText } from '../../engine/tasks.js';

const agentImage = 'public.ecr.aws/datadog/agent:latest';
const datadog = engineWith('datadog', { accessKeySecretArn: '/k' });
const sysdig = engineWith('sysdig', { region: 'us2', accessKeySecretArn: '/k' });

function fixture(name: string): string {
  return readFileSync(new URL(`../../../../test/fixtures/tasks/${name}`, import.meta.url), 'utf8');
}

function containersOf(text: string): readonly JsonObject[] {
  return listOf(objectOf(parsedJson(text))?.['containerDefinitions']).filter(isObject);
}

function named(text: string, name: string): JsonObject | undefined {
  return containersOf(text).find((container) => container['name'] === name);
}

const taskOf = (...containers: readonly JsonObject[]): string =>
  JSON.stringify({ family: 't', requiresCompatibilities: ['FARGATE'], containerDefinitions: containers });

const web = { name: 'web', image: 'acme/web:1', entryPoint: ['/web'] };
const copies = ['/bin/sh', '-c', 'cp -nR /etc/datadog-agent/* /agent-config/'];
const helper = { name: 'init-volume', image: agentImage, essential: false, command: copies };
const agent = {
  name: 'datadog-agent',
  image: agentImage,
  dependsOn: [{ containerName: 'init-volume', condition: 'SUCCESS' }],
  healthCheck: { command: ['CMD-SHELL', '/probe.sh'] },
  secrets: [{ name: 'DD_API_KEY', valueFrom: '/k' }],
};
const otherwiseNamed = { ...agent, name: 'dd' };

t.test('W24: the vendor’s Terraform module: its agent is adopted, its helper is nobody’s workload', async (t) => {
  for (const file of ['tf-init-volume.json', 'cycle.json']) {
    const before = fixture(file);
    const { text, outcomes } = await injectText(before, datadog);
    t.match(outcomes[0]?.decision, { decision: 'inject', reason: 'injected', detail: 'web' }, file);
    t.same(named(text, 'init-volume'), named(before, 'init-volume'), 'the helper stays as it is');
    t.same(named(text, 'web')?.['dependsOn'], [
      { containerName: 'datadog-agent', condition: 'HEALTHY' },
      { containerName: 'cws-instrumentation-init', condition: 'SUCCESS' },
    ]);
    t.same(named(text, 'datadog-agent')?.['entryPoint'], named(before, 'datadog-agent')?.['entryPoint']);
    t.equal(containersOf(text).length, 4, 'one container is added: the one that brings the tracer');
    t.equal((await injectText(text, datadog)).text, text, 'once is enough');
  }
});

t.test('W24: which container of the agent’s image is the agent', async (t) => {
  const mirror = 'eu.gcr.io/datadoghq/agent:7';
  const cases: readonly (readonly [string, readonly JsonObject[], string])[] = [
    ['the helper in front', [helper, agent, web], 'datadog-agent'],
    ['the helper behind', [agent, web, helper], 'datadog-agent'],
    ['by its key, where the name is another', [helper, otherwiseNamed, web], 'dd'],
    [
      'by its key in plain text, with a shell in front',
      [
        helper,
        {
          name: 'dd',
          image: agentImage,
          command: ['/bin/sh', '-c', 'exec /bin/entrypoint.sh'],
          environment: [{ name: 'DD_API_KEY', value: 'k' }],
        },
        web,
      ],
      'dd',
    ],
    ['a helper that nobody waits for', [helper, { name: 'dd', image: agentImage }, web], 'dd'],
    [
      'several helpers, one behind the other',
      [
        { ...helper, name: 'first' },
        { ...helper, dependsOn: [{ containerName: 'first', condition: 'COMPLETE' }] },
        agent,
        web,
      ],
      'datadog-agent',
    ],
    ['both from a mirror', [{ ...helper, image: mirror }, { ...agent, image: mirror }, web], 'datadog-agent'],
    ['helpers alone: an agent is added', [{ ...helper, command: copies }, web], 'datadog-agent'],
    ['a name in another case', [helper, { ...agent, name: 'Datadog-Agent' }, web], 'Datadog-Agent'],
  ];
  for (const [what, containers, name] of cases) {
    const { text, outcomes } = await injectText(taskOf(...containers), datadog);
    const part = outcomes[0]?.plan?.parts.find(({ part }) => part === 'agent');
    t.equal(part?.name, name, what);
    t.match(named(text, 'web'), { dependsOn: [{ containerName: name }, {}] }, what);
    t.equal((await injectText(text, datadog)).text, text, `${what}: once is enough`);
  }
  const only = await injectText(taskOf(helper, web), datadog);
  t.equal(only.outcomes[0]?.plan?.parts.find(({ part }) => part === 'agent')?.present, undefined);
});

t.test('W24: helpers of any agent’s image, Sysdig’s too', async (t) => {
  const image = 'quay.io/sysdig/workload-agent:5.1.0';
  const wait = { containerName: 'prepare', condition: 'COMPLETE' };
  const prepare = { name: 'prepare', image, essential: false, entryPoint: ['/bin/sh', '-c', 'true'] };
  const { text, outcomes } = await injectText(
    taskOf(prepare, { name: 'SysdigInstrumentation', image, dependsOn: [wait] }, web),
    sysdig,
  );
  t.match(outcomes[0]?.decision, { decision: 'inject', detail: 'web' });
  t.same(named(text, 'prepare'), prepare);
  t.match(named(text, 'web'), { volumesFrom: [{ sourceContainer: 'SysdigInstrumentation' }] });
});

t.test('W24: who runs on beside the agent is no helper, whatever its image is', async (t) => {
  for (const condition of ['START', 'HEALTHY']) {
    const dependsOn = [{ containerName: 'init-volume', condition }];
    const { outcomes } = await injectText(taskOf(helper, { ...agent, dependsOn }, web), datadog);
    t.match(
      outcomes[0]?.decision.steps.find(({ result }) => result === 'stop'),
      {
        subject: 'init-volume',
        reason: 'agent_waits_for_it',
      },
    );
  }
  const alone = await injectText(taskOf(helper, { ...agent, dependsOn: [] }, web), datadog);
  t.match(
    alone.outcomes[0]?.plan?.workload.map(({ container: { name } }) => name),
    ['web'],
  );
  const lookalike = { ...helper, image: 'acme/agent:latest' };
  const forged = await injectText(taskOf(lookalike, agent, web), datadog);
  t.match(forged.outcomes[0]?.decision, { decision: 'partial', reason: 'agent_waits_for_it' });
});
