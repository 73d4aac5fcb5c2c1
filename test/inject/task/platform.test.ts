import { readFileSync } from 'node:fs';
import t from 'tap';
import type { JsonObject } from '../../../src/model/json.js';
import { engineWith, injectText } from '../../engine/tasks.js';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../../../test/fixtures/tasks/${name}`, import.meta.url), 'utf8');
const engines = {
  sysdig: engineWith('sysdig', { region: 'us2', accessKeySecretArn: '/k' }),
  datadog: engineWith('datadog', { accessKeySecretArn: '/k' }),
  'datadog-node': engineWith('datadog-node', { accessKeySecretArn: '/k' }),
};
type Profile = keyof typeof engines;

async function remarkOf(text: string, profile: Profile, reason: string): Promise<string | undefined> {
  const { outcomes } = await injectText(text, engines[profile]);
  return outcomes[0]?.decision.steps.find((step) => step.reason === reason)?.detail;
}

function taskOf(count: number, fields: JsonObject = {}): string {
  const containers = Array.from({ length: count }, (_, at) => ({ name: `c${at}`, image: 'a', entryPoint: ['/x'] }));
  return JSON.stringify({ family: 't', containerDefinitions: containers, ...fields });
}

t.test('W22: more containers than ECS takes are said, with how many are added', async (t) => {
  const reason = 'too_many_task_containers';
  t.match(
    await remarkOf(fixture('ten.json'), 'sysdig', reason),
    'the task has 11 containers, 1 of them added; ECS takes 10',
  );
  t.equal(await remarkOf(taskOf(9), 'sysdig', reason), undefined);
  t.match(await remarkOf(taskOf(9), 'datadog', reason), '11 containers, 2 of them added');
  t.equal(await remarkOf(taskOf(8), 'datadog', reason), undefined);
  const once = await injectText(fixture('ten.json'), engines.sysdig);
  t.match(await remarkOf(once.text, 'sysdig', reason), '11 containers, 0 of them added', 'a second run says it again');
});

t.test('W22: ECS Exec beside a shared process namespace is said', async (t) => {
  const reason = 'exec_in_one_container';
  for (const profile of ['sysdig', 'datadog'] as const) {
    t.match(
      await remarkOf(fixture('exec.json'), profile, reason),
      /container web has an init process; with pidMode task/,
    );
    t.equal(await remarkOf(fixture('ten.json'), profile, reason), undefined);
  }
  t.equal(await remarkOf(fixture('exec.json'), 'datadog-node', reason), undefined, 'which shares none');
  const template = (service: JsonObject): string =>
    JSON.stringify({
      Resources: {
        T: {
          Type: 'AWS::ECS::TaskDefinition',
          Properties: { ContainerDefinitions: [{ Name: 'web', Image: 'a', EntryPoint: ['/x'] }] },
        },
        S: { Type: 'AWS::ECS::Service', Properties: { TaskDefinition: { Ref: 'T' }, ...service } },
      },
    });
  t.match(await remarkOf(template({ EnableExecuteCommand: true }), 'sysdig', reason), 'EnableExecuteCommand');
  t.equal(await remarkOf(template({ EnableExecuteCommand: false }), 'sysdig', reason), undefined);
  t.equal(await remarkOf(template({}), 'sysdig', reason), undefined);
});

t.test('W4: what a bare list has no place for is said', async (t) => {
  const list = fixture('array.json');
  t.equal(
    await remarkOf(list, 'sysdig', 'task_level_missing'),
    'the task has to have pid_mode = "task", network_mode = "awsvpc"',
  );
  const datadog = await remarkOf(list, 'datadog', 'task_level_missing');
  for (const words of ['pid_mode = "task"', 'volume { name = "cws-instrumentation-volume" }', 'ECS_FARGATE=true']) {
    t.match(datadog, words);
  }
  const { outcomes } = await injectText(list, engines['datadog-node']);
  t.match(outcomes[0]?.decision, { decision: 'skip', reason: 'task_unsupported' });
});
