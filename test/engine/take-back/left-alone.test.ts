import fc from 'fast-check';
import t from 'tap';
import type { Engine } from '../../../src/engine/engine.js';
import { isSameTemplate, KnownEntries, markOf } from '../../../src/engine/take-back/left-alone.js';
import { unprovenEngine } from '../../../src/engine/unproven.js';
import type { JsonObject } from '../../../src/model/json.js';
import { takenBackKey } from '../../../src/model/taken-back.js';
import { decideNow, engineFor } from '../../support/engine.js';
import { patched } from '../../support/json.js';
import { generatedPod, podOf } from '../../support/pods.js';
import { entryFor, takenBackOf, withTakenBack } from '../../support/taken-back.js';

/** A pod as the ReplicaSet of a Deployment makes it. */
function podOfDeployment(hash = '6d4cf56db6', restartedAt?: string, image = 'shop/web:1'): JsonObject {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `web-${hash}`, uid: 'u', controller: true };
  return podOf(
    { containers: [{ name: 'web', image, command: ['/app'] }] },
    {
      generateName: `web-${hash}-`,
      labels: { 'pod-template-hash': hash },
      ownerReferences: [owner],
      ...(restartedAt === undefined ? {} : { annotations: { 'kubectl.kubernetes.io/restartedAt': restartedAt } }),
    },
  );
}

const reasonOf = (pod: JsonObject, engine: Engine, ...more: ['validate'?]) =>
  decideNow(pod, engine, ...more).decision.reason;

t.test('a pod of a workload that was taken back is left alone, whoever made its ReplicaSet again', (t) => {
  const before = podOfDeployment();
  const engine = withTakenBack(engineFor(), before);
  const { decision, patch } = decideNow(before, engine);
  t.match(decision, {
    decision: 'skip',
    reason: 'taken_back',
    detail: /cannot pull the image.*web-1 and web-2; tried again at/,
  });
  t.same(patch, []);
  t.equal(
    reasonOf(podOfDeployment('7f', '2026-01-02T00:00:00Z'), engine),
    'taken_back',
    'a restart is no other template',
  );
  t.equal(reasonOf(podOfDeployment('7f'), engine), 'injected', 'another template is tried at once');
  t.equal(
    reasonOf(podOfDeployment('7f', '2026-01-02T00:00:00Z', 'shop/web:2'), engine),
    'injected',
    'also with a restart',
  );
  t.equal(decideNow(before, engine, 'mutate', { namespace: 'bank' }).decision.reason, 'injected');
  // As a GitOps controller does that knows nothing of the restart.
  const restarted = withTakenBack(engineFor(), podOfDeployment('7f', '2026-01-02T00:00:00Z'));
  t.equal(reasonOf(before, restarted), 'taken_back', 'a restart that is taken back is none either');
  t.end();
});

t.test('an entry counts for its policy and plan alone, and says so in Report mode', (t) => {
  const pod = podOf();
  const entry = entryFor(pod, engineFor());
  const takenBack = takenBackOf(entry);
  t.equal(reasonOf(pod, { ...engineFor(), takenBack }), 'taken_back');
  t.equal(reasonOf(pod, { ...engineFor({ agent: { image: 'mine/agent:2' } }), takenBack }), 'injected');
  t.equal(reasonOf(pod, { ...engineFor({}, { facts: { toolsImage: 'mine/outrider:2' } }), takenBack }), 'injected');
  t.equal(reasonOf(pod, { ...engineFor(), takenBack: takenBackOf({ ...entry, policy: 'other' }) }), 'injected');
  const report = engineFor({ mode: 'Report' });
  t.match(decideNow(pod, withTakenBack(report, pod)).decision, { reason: 'report_mode', detail: /taken_back/ });
  t.equal(
    reasonOf(pod, unprovenEngine({ ...engineFor(), takenBack })),
    'injected',
    'a caller without proof learns nothing',
  );
  t.end();
});

t.test('no entry ever counts under a policy that insists', (t) => {
  const insisting = [{ prefer: 'Security' }, { optOut: 'Forbidden' }, { prefer: 'Security', optOut: 'Forbidden' }];
  fc.assert(
    fc.property(
      generatedPod,
      fc.constantFrom(...insisting),
      fc.constantFrom('mutate', 'validate'),
      ({ pod }, spec, door) => {
        const engine = engineFor(spec);
        const by = (one: Engine) => decideNow(pod, one, door).decision;
        t.same(by(withTakenBack(engine, pod)), by(engine));
      },
    ),
    { numRuns: 50 },
  );
  t.end();
});

t.test('of a workload that is tried again one pod is let through, and stays so at every door', (t) => {
  const pod = podOf();
  const engine = withTakenBack(engineFor(), pod, { stage: 'Trying' });
  t.equal(decideNow(pod, engine, 'mutate', { dryRun: true }).decision.reason, 'injected');
  t.equal(decideNow(pod, engine, 'mutate', { trace: true }).decision.reason, 'injected', 'asking takes nothing');
  const first = decideNow(pod, engine);
  t.equal(first.decision.reason, 'injected');
  t.match(decideNow(pod, engine).decision, { reason: 'taken_back', detail: /being tried again with another pod/ });
  const tried = patched(pod, first.patch);
  for (const door of ['mutate', 'validate'] as const)
    t.equal(decideNow(tried, engine, door).decision.reason, 'injected');
  t.equal(reasonOf(pod, engine, 'validate'), 'taken_back');
  t.end();
});

t.test('a try whose pod was never made does not count for ever', (t) => {
  let nowMs = 0;
  const entry = entryFor(podOf(), engineFor(), { stage: 'Trying' });
  const options = { tried: new Map(), clock: { monotonicMs: () => nowMs }, forgetMs: 100 };
  const entries = new Map([[takenBackKey(entry), entry]]);
  const known = new KnownEntries(entries, options);
  t.equal(known.mayTry(entry, true), true);
  t.equal(new KnownEntries(entries, options).mayTry(entry, true), false, 'also after a change of the state');
  nowMs = 100;
  t.equal(known.mayTry(entry, false), true);
  t.equal(known.mayTry({ ...entry, at: '2027-01-01T00:00:00Z' }, true), true, 'another try');
  t.equal(known.mayTry({ ...entry, stage: 'LeftAlone' }, true), false);
  t.equal(
    new KnownEntries(new Map(), options).of(() => entry),
    undefined,
  );
  t.equal(options.tried.size, 0, 'nothing is kept of what is over');
  t.end();
});

t.test('a mark is the same before and after a pod is instrumented', (t) => {
  fc.assert(
    fc.property(generatedPod, ({ pod }) => {
      const { patch, plan } = decideNow(pod, engineFor());
      const ours = new Set([...(plan?.initContainers ?? []), ...(plan?.containers ?? [])].map(({ name }) => name));
      t.ok(
        isSameTemplate(
          markOf(patched(pod, patch), (name) => ours.has(name)),
          markOf(pod),
        ),
      );
    }),
    { numRuns: 100 },
  );
  t.end();
});
