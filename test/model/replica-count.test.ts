import t from 'tap';
import { replicasOf } from '../../src/model/replica-count.js';
import type { JsonObject } from '../../src/model/json.js';

const template = '/spec/template';

t.test('how many pods an object asks for', (t) => {
  const table: readonly (readonly [string, JsonObject, number | undefined, string?])[] = [
    ['Pod', {}, 1, ''],
    ['Deployment', { spec: {} }, 1],
    ['Deployment', { spec: { replicas: 0 } }, 0],
    ['Deployment', { spec: { replicas: 7 } }, 7],
    ['Deployment', { spec: { replicas: -1 } }, 1],
    ['StatefulSet', { spec: { replicas: 3 } }, 3],
    ['DaemonSet', { status: { desiredNumberScheduled: 12 } }, 12],
    ['DaemonSet', { spec: {} }, undefined],
    ['Job', { spec: {} }, 1],
    ['Job', { spec: { parallelism: 5, completions: 2 } }, 2],
    ['Job', { spec: { parallelism: 5, suspend: true } }, 0],
    ['CronJob', { spec: { jobTemplate: { spec: { parallelism: 4 } } } }, 4, '/spec/jobTemplate/spec/template'],
    ['CronJob', { spec: { suspend: true, jobTemplate: { spec: {} } } }, 0, '/spec/jobTemplate/spec/template'],
    ['ScaledJob', { spec: {} }, undefined, '/spec/jobTargetRef/template'],
    ['Job', { spec: { tasks: [{}, { replicas: 6 }] } }, 6, '/spec/tasks/1/template'],
    ['Job', { spec: { tasks: [{}, { replicas: 6 }] } }, 1, '/spec/tasks/0/template'],
    [
      'JobSet',
      { spec: { replicatedJobs: [{ replicas: 3, template: { spec: { parallelism: 2 } } }] } },
      6,
      '/spec/replicatedJobs/0/template/spec/template',
    ],
  ];
  for (const [kind, object, wanted, path = template] of table) {
    t.equal(replicasOf(object, { kind, path }), wanted, `${kind} ${JSON.stringify(object)}`);
  }
  t.end();
});

t.test('a LeaderWorkerSet has a leader in each group, if it has a template of one', (t) => {
  const worker = '/spec/leaderWorkerTemplate/workerTemplate';
  const leader = '/spec/leaderWorkerTemplate/leaderTemplate';
  const of = (inside: JsonObject): JsonObject => ({
    spec: { replicas: 2, leaderWorkerTemplate: { size: 4, ...inside } },
  });
  t.equal(replicasOf(of({}), { kind: 'LeaderWorkerSet', path: worker }), 8);
  t.equal(replicasOf(of({ leaderTemplate: {} }), { kind: 'LeaderWorkerSet', path: worker }), 6);
  t.equal(replicasOf(of({ leaderTemplate: {} }), { kind: 'LeaderWorkerSet', path: leader }), 2);
  t.end();
});
