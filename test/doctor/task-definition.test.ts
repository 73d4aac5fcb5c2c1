import t from 'tap';
import { examineTask } from '../../src/doctor/task-definition.js';
import type { JsonObject, JsonValue } from '../../src/model/json.js';

const fargate: JsonObject = {
  family: 'web',
  requiresCompatibilities: ['FARGATE'],
  networkMode: 'awsvpc',
  containerDefinitions: [{ name: 'web', image: 'web:1', entryPoint: ['gunicorn'] }],
};

function results(task: JsonValue): Readonly<Record<string, string>> {
  return Object.fromEntries(examineTask(task, 'task.json').findings.map(({ check, result }) => [check, result]));
}

t.test('E34: a task of the vendor’s manual for Fargate', (t) => {
  t.same(results(fargate), {
    'node agent': 'note',
    pidMode: 'note',
    'platform version': 'note',
    SYS_PTRACE: 'ok',
    networkMode: 'ok',
  });
  t.equal(results({ ...fargate, pidMode: 'task' })['pidMode'], 'ok');
  t.equal(results({ ...fargate, pidMode: 'host' })['pidMode'], 'problem');
  t.equal(results({ ...fargate, networkMode: 'bridge' })['networkMode'], 'problem');
  t.end();
});

t.test('as describe-task-definition prints it', (t) => {
  const { family, launchTypes } = examineTask({ taskDefinition: fargate, tags: [] }, 'x');
  t.equal(family, 'web');
  t.same(launchTypes, ['FARGATE']);
  t.end();
});

t.test('on EC2 an agent on the instances is better, and a bridge is in the tracer’s way', (t) => {
  const ec2 = { ...fargate, requiresCompatibilities: ['EC2'], networkMode: undefined };
  t.same(results(ec2), { 'node agent': 'ok', pidMode: 'note', SYS_PTRACE: 'ok', networkMode: 'problem' });
  t.equal(results({ ...ec2, networkMode: 'host', pidMode: 'host' })['networkMode'], 'note');
  t.equal(results({ ...ec2, pidMode: 'host' })['pidMode'], 'note');
  t.equal(results({ ...fargate, requiresCompatibilities: undefined })['node agent'], 'note');
  t.end();
});

t.test('containers whose program stands in the image alone are named', (t) => {
  const containers = [{ name: 'a' }, { name: 'b', command: ['x'] }, { name: 'c', entryPoint: [], command: [] }];
  const { findings } = examineTask({ ...fargate, containerDefinitions: containers }, 'x');
  t.match(findings.find(({ check }) => check === 'entrypoints')?.detail, /^a, c:/);
  t.end();
});

t.test('E25: Windows; and what is no task definition', (t) => {
  const task = { ...fargate, runtimePlatform: { operatingSystemFamily: 'WINDOWS_SERVER_2022_CORE' } };
  t.same(results(task), { platform: 'problem' });
  for (const wrong of [null, [], {}, { containerDefinitions: [] }]) {
    t.throws(() => examineTask(wrong, 'x.json'), { code: 'document_invalid', message: /x\.json/ });
  }
  t.end();
});
