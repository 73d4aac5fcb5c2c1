import t from 'tap';
import { isComplete, isRolledOut, progressOf, rolloutOf } from '../../../src/cluster/rollout/rollout.js';
import type { JsonObject } from '../../../src/model/json.js';

interface Case {
  readonly name: string;
  readonly spec?: JsonObject;
  readonly status: JsonObject;
  readonly generation?: number;
  /** What is said, and whether it is rolled out, and complete. */
  readonly is: readonly [string, boolean, boolean];
  readonly has?: Readonly<Record<string, unknown>>;
}

const seen = { observedGeneration: 2 };
const gaveUp = {
  conditions: [
    { type: 'Available', status: 'True' },
    { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' },
    { type: 'ReplicaFailure', status: 'True', message: 'denied' },
  ],
};

const table: Readonly<Record<string, readonly Case[]>> = {
  Deployment: [
    {
      name: 'done',
      spec: { replicas: 3 },
      status: { ...seen, replicas: 3, updatedReplicas: 3, availableReplicas: 3 },
      is: ['3 of 3 pods are available', true, true],
    },
    {
      name: 'one replica unless it says otherwise',
      status: { ...seen, replicas: 1, updatedReplicas: 1, availableReplicas: 1 },
      is: ['1 of 1 pods are available', true, true],
    },
    {
      name: 'not seen yet',
      generation: 3,
      spec: { replicas: 3 },
      status: { ...seen, replicas: 3, updatedReplicas: 3, availableReplicas: 3 },
      is: ['its controller has not seen the change yet', false, false],
    },
    {
      name: 'no status',
      spec: { replicas: 3 },
      status: {},
      is: ['its controller has not seen the change yet', false, false],
    },
    {
      name: 'half way',
      spec: { replicas: 3 },
      status: { ...seen, replicas: 4, updatedReplicas: 2, availableReplicas: 3 },
      is: ['2 of 3 pods are new', false, false],
    },
    {
      name: 'an old pod left',
      spec: { replicas: 3 },
      status: { ...seen, replicas: 4, updatedReplicas: 3, availableReplicas: 3 },
      is: ['1 old pod is still there', false, false],
    },
    {
      name: 'not available',
      spec: { replicas: 3 },
      status: { ...seen, replicas: 3, updatedReplicas: 3, availableReplicas: 2 },
      is: ['2 of 3 pods are available', true, false],
    },
    {
      name: 'given up, and what was denied',
      spec: { replicas: 1 },
      status: { ...seen, replicas: 2, updatedReplicas: 1, availableReplicas: 1, ...gaveUp },
      is: ['1 old pod is still there', false, false],
      has: { failure: 'timed out; denied' },
    },
    {
      name: 'paused',
      spec: { replicas: 1, paused: true },
      status: { ...seen, replicas: 1, updatedReplicas: 1, availableReplicas: 1 },
      is: ['1 of 1 pods are available', true, true],
      has: { isPaused: true },
    },
    { name: 'none wanted', spec: { replicas: 0 }, status: seen, is: ['0 of 0 pods are available', true, true] },
  ],
  StatefulSet: [
    {
      name: 'done',
      spec: { replicas: 2 },
      status: {
        ...seen,
        replicas: 2,
        availableReplicas: 2,
        updatedReplicas: 0,
        currentRevision: 'a',
        updateRevision: 'a',
      },
      is: ['2 of 2 pods are available', true, true],
    },
    {
      name: 'half way',
      spec: { replicas: 2 },
      status: {
        ...seen,
        replicas: 2,
        availableReplicas: 2,
        updatedReplicas: 1,
        currentRevision: 'a',
        updateRevision: 'b',
      },
      is: ['1 of 2 pods are new', false, false],
    },
    {
      name: 'all new, and not one revision yet',
      spec: { replicas: 2 },
      status: {
        ...seen,
        replicas: 2,
        availableReplicas: 2,
        updatedReplicas: 2,
        currentRevision: 'a',
        updateRevision: 'b',
      },
      is: ['its controller has not finished yet', false, false],
    },
    {
      name: 'a partition keeps one',
      spec: { replicas: 3, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } },
      status: {
        ...seen,
        replicas: 3,
        availableReplicas: 3,
        updatedReplicas: 2,
        currentRevision: 'a',
        updateRevision: 'b',
      },
      is: ['3 of 3 pods are available', true, true],
      has: { held: 1 },
    },
    {
      name: 'a partition above all',
      spec: { replicas: 2, updateStrategy: { rollingUpdate: { partition: 9 } } },
      status: { ...seen, replicas: 2, readyReplicas: 2, updatedReplicas: 0, currentRevision: 'a', updateRevision: 'b' },
      is: ['2 of 2 pods are available', true, true],
      has: { held: 2 },
    },
    {
      name: 'all at once',
      spec: { replicas: 1, podManagementPolicy: 'Parallel' },
      status: { ...seen, replicas: 1, availableReplicas: 1, currentRevision: 'a', updateRevision: 'a' },
      is: ['1 of 1 pods are available', true, true],
      has: { isOrdered: false },
    },
    {
      name: 'by hand',
      spec: { replicas: 1, updateStrategy: { type: 'OnDelete' } },
      status: { ...seen, replicas: 1, availableReplicas: 1, currentRevision: 'a', updateRevision: 'a' },
      is: ['1 of 1 pods are available', true, true],
      has: { isByHand: true, isOrdered: true },
    },
  ],
  DaemonSet: [
    {
      name: 'done',
      status: { ...seen, desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2 },
      is: ['2 of 2 pods are available', true, true],
    },
    {
      name: 'half way',
      status: { ...seen, desiredNumberScheduled: 2, updatedNumberScheduled: 1, numberAvailable: 1 },
      is: ['1 of 2 pods are new', false, false],
    },
    {
      name: 'not available',
      status: { ...seen, desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 1 },
      is: ['1 of 2 pods are available', true, false],
    },
    {
      name: 'by hand',
      spec: { updateStrategy: { type: 'OnDelete' } },
      status: { ...seen, desiredNumberScheduled: 0 },
      is: ['0 of 0 pods are available', true, true],
      has: { isByHand: true },
    },
  ],
  Rollout: [
    {
      name: 'done',
      spec: { replicas: 2, restartAt: '2026-11-29T01:00:00Z' },
      status: {
        ...{ observedGeneration: '2', phase: 'Healthy', restartedAt: '2026-11-29T01:00:00Z' },
        ...{ replicas: 2, updatedReplicas: 2, availableReplicas: 2 },
      },
      is: ['2 of 2 pods are available', true, true],
    },
    {
      name: 'restarting',
      spec: { replicas: 2, restartAt: '2026-11-29T01:00:00Z' },
      status: {
        ...{ observedGeneration: '2', phase: 'Healthy', restartedAt: '2026-11-01T01:00:00Z' },
        ...{ replicas: 2, updatedReplicas: 2, availableReplicas: 2 },
      },
      is: ['its controller has not finished yet', false, false],
    },
    {
      name: 'at a step of a canary',
      spec: { replicas: 2 },
      status: {
        ...{ observedGeneration: '2', phase: 'Paused', pauseConditions: [{ reason: 'CanaryPauseStep' }] },
        ...{ replicas: 2, updatedReplicas: 2, availableReplicas: 2 },
      },
      is: ['its controller has not finished yet', false, false],
      has: { isPaused: true },
    },
    {
      name: 'degraded',
      spec: { replicas: 1 },
      status: {
        observedGeneration: '2',
        phase: 'Degraded',
        message: 'aborted by a metric',
        replicas: 1,
        updatedReplicas: 1,
      },
      is: ['0 of 1 pods are available', false, false],
      has: { failure: 'aborted by a metric' },
    },
    {
      name: 'aborted',
      spec: { replicas: 1 },
      status: { observedGeneration: '2', abort: true, replicas: 1, updatedReplicas: 1, availableReplicas: 1 },
      is: ['1 of 1 pods are available', true, true],
      has: { failure: 'it was aborted' },
    },
    {
      name: 'not seen yet',
      spec: {},
      status: { observedGeneration: '1' },
      is: ['its controller has not seen the change yet', false, false],
    },
  ],
};

for (const [kind, cases] of Object.entries(table)) {
  t.test(`where the rollout of a ${kind} stands`, (t) => {
    for (const { name, spec = {}, status, generation = 2, is, has = {} } of cases) {
      const rollout = rolloutOf({ kind, metadata: { generation }, spec, status });
      t.ok(rollout, name);
      if (rollout === undefined) continue;
      t.same([progressOf(rollout), isRolledOut(rollout), isComplete(rollout)], is, name);
      t.match(rollout, has, name);
    }
    t.end();
  });
}

t.test('what has no rollout', (t) => {
  t.equal(rolloutOf({ kind: 'Job' }), undefined);
  t.equal(rolloutOf({}), undefined);
  t.end();
});
