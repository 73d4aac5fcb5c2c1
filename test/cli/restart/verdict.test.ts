import t from 'tap';
import {
  isHeld,
  needText,
  neverRestarted,
  verdictOn,
  type RestartFacts,
  type Verdict,
} from '../../../src/cli/restart/verdict.js';
import type { PodNeed, WorkloadState } from '../../../src/cli/restart/workload-state.js';
import type { Rollout } from '../../../src/cluster/rollout/rollout.js';
import { allWorkloadKinds, workloadKinds } from '../../../src/model/workload-kinds.js';

const well: Rollout = {
  isObserved: true,
  wanted: 2,
  updated: 2,
  available: 2,
  old: 0,
  held: 0,
  failure: undefined,
  isPaused: false,
  isByHand: false,
  isOrdered: false,
  isUnfinished: false,
};

function pods(...states: readonly PodNeed['state'][]): readonly PodNeed[] {
  return states.map((state, index) => ({ name: `web-${index}`, state, detail: '' }));
}

const missed: WorkloadState = { policy: 'default', pods: pods('missed', 'missed') };
const fine: WorkloadState = { policy: 'default', pods: pods('instrumented', 'instrumented') };

const kinds = ['Deployment', 'StatefulSet', 'DaemonSet', 'Rollout'] as const;
const calledBy = { Deployment: 'deploy', StatefulSet: 'sts', DaemonSet: 'ds', Rollout: 'rollout' } as const;

function facts(kind: (typeof kinds)[number], more: Partial<RestartFacts> = {}): RestartFacts {
  const apiVersion = kind === 'Rollout' ? 'argoproj.io/v1alpha1' : 'apps/v1';
  return {
    workload: { apiVersion, kind, name: 'web' },
    namespace: 'shop',
    called: `${calledBy[kind]}/web`,
    owner: undefined,
    state: missed,
    rollout: well,
    firstOrdinal: 0,
    isOurs: false,
    wanted: { missed: true, stale: true, broken: false },
    programName: 'outrider',
    ...more,
  };
}

interface Row {
  readonly name: string;
  readonly given: Partial<RestartFacts>;
  readonly act: Verdict['act'];
  readonly why?: RegExp;
  readonly remedy?: RegExp;
}

const failing = { ...well, updated: 1, old: 1, failure: 'timed out' };
const half = { ...well, updated: 1, old: 1 };

const rows: readonly Row[] = [
  { name: 'pods lack something', given: {}, act: 'restart' },
  { name: 'one of them', given: { state: { ...fine, pods: pods('instrumented', 'missed') } }, act: 'restart' },
  { name: 'another plan', given: { state: { ...fine, pods: pods('stale') } }, act: 'restart' },
  { name: 'nothing lacks', given: { state: fine }, act: 'nothing', why: /^its 2 pods have every part$/ },
  { name: 'no pods', given: { state: { ...fine, pods: [] } }, act: 'nothing', why: /^no pod of it runs$/ },
  {
    name: 'nobody can tell',
    given: { state: { ...fine, pods: pods('unknown') } },
    act: 'nothing',
    why: /^1 unknown of 1 pod$/,
  },
  {
    name: 'only the missed were asked for',
    given: { wanted: { missed: true, stale: false, broken: false }, state: { ...fine, pods: pods('stale') } },
    act: 'nothing',
    why: /^1 stale of 1 pod, and --missed was asked$/,
  },
  {
    name: 'only the stale were asked for',
    given: { wanted: { missed: false, stale: true, broken: false } },
    act: 'nothing',
    why: /^2 missed of 2 pods, and --stale was asked$/,
  },
  {
    name: 'a new pod would be no better',
    given: { state: { ...missed, pods: [], obstacle: { kind: 'same', why: 'left alone' } } },
    act: 'nothing',
    why: /^left alone$/,
  },
  {
    name: 'a new pod would be denied',
    given: { state: { ...missed, pods: [], obstacle: { kind: 'denied', why: 'denied' } } },
    act: 'refuse',
    why: /^denied$/,
    remedy: /^outrider explain \S+\/web -n shop$/,
  },
  {
    name: 'its image is not known here',
    given: {
      state: { ...fine, pods: pods('instrumented', 'unknown'), obstacle: { kind: 'untold', why: 'not known' } },
    },
    act: 'refuse',
    why: /^not known$/,
    remedy: /--image-config/,
  },
  {
    name: 'its image is not known here, and nothing lacks',
    given: { state: { ...fine, obstacle: { kind: 'untold', why: 'not known' } } },
    act: 'nothing',
    why: /every part/,
  },
  {
    name: 'an operator’s',
    given: { owner: { kind: 'Kafka', name: 'events' } },
    act: 'refuse',
    why: /^it belongs to Kafka\/events/,
  },
  { name: 'an operator’s, and nothing lacks', given: { owner: { kind: 'K', name: 'k' }, state: fine }, act: 'nothing' },
  {
    name: 'OnDelete',
    given: { rollout: { ...well, isByHand: true } },
    act: 'refuse',
    why: /OnDelete/,
    remedy: /kubectl -n shop delete pod NAME, one after another: web-0 web-1/,
  },
  { name: 'paused', given: { rollout: { ...well, isPaused: true } }, act: 'refuse', why: /^it is paused$/ },
  {
    name: 'in the middle',
    given: { rollout: half },
    act: 'refuse',
    why: /^it is in the middle of a rollout: 1 of 2 pods are new$/,
    remedy: /run this again/,
  },
  { name: 'not seen', given: { rollout: { ...well, isObserved: false } }, act: 'refuse', why: /in the middle/ },
  { name: 'unfinished', given: { rollout: { ...well, isUnfinished: true } }, act: 'refuse', why: /in the middle/ },
  {
    name: 'failing before',
    given: { rollout: failing },
    act: 'refuse',
    why: /^it was failing before: timed out$/,
    remedy: /^kubectl -n shop describe \S+\/web$/,
  },
  {
    name: 'not available before',
    given: { rollout: { ...well, available: 1 } },
    act: 'refuse',
    why: /^it was failing before: 1 of 2 pods are available$/,
  },
  { name: 'in the middle of ours', given: { rollout: half, isOurs: true }, act: 'wait' },
  { name: 'of ours, not available', given: { rollout: { ...well, available: 1 }, isOurs: true }, act: 'wait' },
  { name: 'of ours, failed', given: { rollout: failing, isOurs: true }, act: 'fail', why: /its last restart failed/ },
  { name: 'of ours, done, and it lacks again', given: { isOurs: true }, act: 'restart' },
  { name: 'of ours, done, nothing lacks', given: { isOurs: true, state: fine }, act: 'nothing' },
  { name: 'of ours, and paused', given: { rollout: { ...half, isPaused: true }, isOurs: true }, act: 'refuse' },
];

t.test('when a workload is restarted, and when not', (t) => {
  for (const kind of kinds) {
    for (const { name, given, act, why, remedy } of rows) {
      const verdict = verdictOn(facts(kind, given));
      t.equal(verdict.act, act, `${kind}: ${name}`);
      if (why !== undefined) t.match('why' in verdict ? verdict.why : '', why, name);
      if (remedy !== undefined) t.match('remedy' in verdict ? verdict.remedy : '', remedy, name);
    }
  }
  t.end();
});

const brokenRows: readonly Row[] = [
  { name: 'two hang', given: {}, act: 'restart' },
  {
    name: 'none hangs',
    given: { state: fine },
    act: 'nothing',
    why: /^no pod of it hangs that has parts of ours: 2 pods$/,
  },
  { name: 'it is failing, by us', given: { rollout: failing }, act: 'restart' },
  { name: 'none is available', given: { rollout: { ...well, available: 0 } }, act: 'restart' },
  { name: 'in the middle of a rollout that hangs', given: { rollout: half }, act: 'restart' },
  { name: 'in the middle of ours', given: { rollout: half, isOurs: true }, act: 'wait' },
  { name: 'of ours, done, and it hangs again', given: { isOurs: true }, act: 'restart' },
  { name: 'of ours, failed', given: { rollout: failing, isOurs: true }, act: 'fail', why: /its last restart failed/ },
  { name: 'paused', given: { rollout: { ...well, isPaused: true } }, act: 'refuse', remedy: /end the pause/ },
  {
    name: 'an operator’s',
    given: { owner: { kind: 'Kafka', name: 'events' } },
    act: 'refuse',
    why: /belongs to Kafka\/events/,
  },
  {
    name: 'OnDelete',
    given: { rollout: { ...well, isByHand: true } },
    act: 'refuse',
    remedy: /^kubectl -n shop delete pod web-0 web-1$/,
  },
  {
    name: 'one after another, in order',
    given: { rollout: { ...well, isOrdered: true } },
    act: 'refuse',
    why: /^it replaces no pod while one is not ready$/,
    remedy: /^kubectl -n shop delete pod web-0 web-1$/,
  },
];

t.test('pods that hang because of us: what would stop another restart is what this one ends', (t) => {
  const wanted = { missed: false, stale: false, broken: true };
  const state: WorkloadState = { policy: 'default', pods: pods('broken', 'broken', 'missed') };
  for (const kind of kinds) {
    for (const { name, given, act, why, remedy } of brokenRows) {
      const verdict = verdictOn(facts(kind, { state, wanted, ...given }));
      t.equal(verdict.act, act, `${kind}: ${name}`);
      if (why !== undefined) t.match('why' in verdict ? verdict.why : '', why, name);
      if (remedy !== undefined) t.match('remedy' in verdict ? verdict.remedy : '', remedy, name);
    }
  }
  const rollout = { ...well, wanted: 3, held: 2 };
  t.match(verdictOn(facts('StatefulSet', { state, wanted, rollout })), { act: 'refuse', why: /its partition keeps/ });
  t.end();
});

t.test('pods that a partition keeps are no reason for a restart', (t) => {
  const rollout = { ...well, wanted: 3, available: 3, updated: 3, held: 2 };
  const low = { ...missed, pods: pods('missed', 'missed', 'instrumented') };
  t.match(verdictOn(facts('StatefulSet', { rollout, state: low })), {
    act: 'refuse',
    why: 'its partition keeps the pods that lack something as they are',
    remedy: 'lower spec.updateStrategy.rollingUpdate.partition, now 2',
  });
  const high = { ...missed, pods: pods('missed', 'instrumented', 'missed') };
  t.match(verdictOn(facts('StatefulSet', { rollout, state: high })), { act: 'restart' });
  const pod = (name: string): PodNeed => ({ name, state: 'missed', detail: '' });
  t.ok(isHeld(pod('db-1'), { rollout, firstOrdinal: 0 }));
  t.notOk(isHeld(pod('db-2'), { rollout, firstOrdinal: 0 }));
  t.ok(isHeld(pod('db-6'), { rollout, firstOrdinal: 5 }));
  t.notOk(isHeld(pod('db'), { rollout, firstOrdinal: 0 }));
  t.notOk(isHeld(pod('db-0'), { rollout: well, firstOrdinal: 0 }));
  t.end();
});

t.test('what is never restarted gets a sentence about what makes its pods', (t) => {
  const workload = { apiVersion: 'batch/v1', kind: 'Job', name: 'seed' };
  const own = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  for (const kind of allWorkloadKinds) {
    const verdict = neverRestarted(kind, workload, 'shop', 'outrider');
    t.equal(
      verdict === undefined,
      kinds.some((one) => one === kind.kind),
      kind.kind,
    );
  }
  t.match(neverRestarted(workloadKinds.jobs, workload, 'shop', 'outrider'), {
    why: 'a Job by itself is never restarted',
    remedy: /only a new Job has it/,
  });
  t.match(neverRestarted(workloadKinds.pods, own, 'shop', 'kubectl outrider'), {
    remedy: 'kubectl outrider restart deploy/web -n shop',
  });
  t.end();
});

t.test('needs in a few words', (t) => {
  t.equal(
    needText({ ...fine, pods: pods('missed', 'stale', 'unknown', 'instrumented') }),
    '1 missed, 1 stale, 1 unknown of 4 pods',
  );
  t.equal(needText({ ...fine, pods: pods('broken', 'missed') }), '1 missed, 1 broken of 2 pods');
  t.equal(needText({ ...fine, pods: pods('instrumented') }), '1 pod');
  t.end();
});
