import t from 'tap';
import type { ApiClient } from '../../../src/cluster/client/api-client.js';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { expressionWarnings, isAsAnswered, writeObject } from '../../../src/cluster/plans/policy-object.js';
import { probe, probeObjects, wordOf } from '../../../src/cluster/plans/probe.js';
import { removePlans, removePolicies } from '../../../src/cluster/plans/remove-policies.js';
import { LearnedWriter } from '../../../src/cluster/plans/write-learned.js';
import type { LearnedImage } from '../../../src/model/instrumentation-plan.js';
import { objectOf, type JsonObject, type JsonValue } from '../../../src/model/json.js';
import { fakeTiming, memoryLog, refusal, settle } from '../fake-api.js';

const never = new AbortController().signal;
const installation = { instance: 'outrider', ownNamespace: 'outrider-system' };
const owner = { name: 'outrider-api-server-policies', uid: 'uid' };

t.test('W60: only the refusal of what was written last proves that an API server has loaded it', async (t) => {
  const word = wordOf(['a policy']);
  t.not(word, wordOf(['another']));
  const [policy, binding] = probeObjects(installation, 'judging', word);
  t.match(policy?.spec, { failurePolicy: 'Fail', validations: [{ message: `outrider probe ${word}` }] });
  t.match(binding?.spec, { matchResources: { objectSelector: { matchLabels: { 'outrider.dev/self-test': word } } } });
  const answering = (error: Error | undefined) => ({
    create: (_path: string, object: JsonObject) =>
      error === undefined ? Promise.resolve(object) : Promise.reject(error),
  });
  const refused = (text: string) => answering(new ApiError(text, { status: 403, reason: 'Forbidden' }));
  t.equal(
    await probe(refused(`denied request: outrider probe ${word}`), installation, 'judging', word, never),
    undefined,
  );
  t.match(await probe(answering(undefined), installation, 'judging', word, never), /has not loaded/);
  t.match(
    await probe(refused('denied request: outrider probe of before'), installation, 'judging', word, never),
    /otherwise/,
  );
  const [adding] = probeObjects(installation, 'instrumenting', word);
  t.match(adding, { kind: 'mutatingPolicies', spec: { failurePolicy: 'Ignore' } });
  const annotated = (value: string) => ({
    create: () => Promise.resolve({ metadata: { annotations: { 'outrider.dev/self-test': value } } }),
  });
  t.equal(await probe(annotated(word), installation, 'instrumenting', word, never), undefined);
  t.match(await probe(annotated('before'), installation, 'instrumenting', word, never), /left a dry run as it was/);
  t.match(await probe(answering(undefined), installation, 'instrumenting', word, never), /left a dry run as it was/);
  const words = refused(`denied request: outrider probe ${word}`);
  t.match(await probe(words, installation, 'instrumenting', word, never), /otherwise/, 'a refusal is no annotation');
  await t.rejects(probe(answering(new TypeError('ours')), installation, 'judging', word, never));
});

t.test('what stands is told from what somebody changed', async (t) => {
  const written: JsonObject[] = [];
  const take = (object: JsonObject): Promise<JsonObject> => {
    written.push(object);
    return Promise.resolve(object);
  };
  const client = {
    create: (_path: string, object: JsonObject) => take(object),
    replace: (_path: string, object: JsonObject) => take(object),
  };
  const [policy] = probeObjects(installation, 'judging', 'word');
  if (policy === undefined) throw new Error('no policy');
  const made = await writeObject(client, policy, owner, undefined, never);
  t.match(made, { metadata: { name: 'outrider-probe', ownerReferences: [{ kind: 'ClusterRole', uid: 'uid' }] } });
  const again = await writeObject(client, policy, owner, { ...made, metadata: { resourceVersion: '7' } }, never);
  t.match(again, { metadata: { resourceVersion: '7' } }, 'a write of somebody else is not written over unseen');
  t.ok(isAsAnswered(made, made));
  t.notOk(isAsAnswered({ ...made, spec: {} }, made));
  t.notOk(
    isAsAnswered({ ...made, metadata: { annotations: objectOf(made['metadata'])?.['annotations'] ?? null } }, made),
    'nobody owns it',
  );
  t.notOk(isAsAnswered(undefined, made));
  t.same(
    expressionWarnings({ status: { typeChecking: { expressionWarnings: [{ fieldRef: 'spec', warning: 'no' }] } } }),
    ['spec: no'],
  );
});

t.test('W65: taking it all away asks for nothing that is not served, and deletes nothing of others', async (t) => {
  const deleted: string[] = [];
  const named = (name: string, more: JsonObject = {}): JsonObject => ({ metadata: { name, ...more } });
  const client = {
    get: (): Promise<JsonObject> => Promise.resolve({}),
    list: (path: string) =>
      path.includes('mutatingadmissionpolicybindings')
        ? Promise.reject(refusal(404, 'NotFound'))
        : Promise.resolve({
            resourceVersion: '1',
            items: path.includes('instrumentationplans')
              ? [
                  named('payments', { namespace: 'shop', ownerReferences: [{ name: 'outrider-api-server-policies' }] }),
                  named('payments', { namespace: 'other', ownerReferences: [{ name: 'second-api-server-policies' }] }),
                ]
              : [named('outrider-1'), named('outrider-probe'), named('outrider-plans'), named('theirs')],
          }),
    delete: (path: string) => {
      deleted.push(path.replace(/^.*\/v1(alpha1)?\//, ''));
      return Promise.resolve({});
    },
  };
  t.equal(await removePolicies(client, 'outrider'), 6);
  t.same(deleted, [
    'mutatingadmissionpolicies/outrider-1',
    'mutatingadmissionpolicies/outrider-probe',
    'validatingadmissionpolicybindings/outrider-1',
    'validatingadmissionpolicybindings/outrider-probe',
    'validatingadmissionpolicies/outrider-1',
    'validatingadmissionpolicies/outrider-probe',
  ]);
  t.equal(await removePlans(client, 'outrider'), 1);
  t.equal(deleted.at(-1), 'namespaces/shop/instrumentationplans/payments');

  const without = (reason: string, status: number) => ({
    ...client,
    get: () => Promise.reject(refusal(status, reason)),
  });
  t.equal(await removePolicies(without('NotFound', 404), 'outrider'), 0, 'without an owner there are none');
  t.equal(await removePlans(without('NotFound', 404), 'outrider'), 0);
  t.equal(
    await removePolicies(without('Forbidden', 403), 'outrider'),
    6,
    'who may not read it is told nothing by that',
  );
  await t.rejects(removePolicies(without('InternalError', 500), 'outrider'));
});

t.test('W62: what was learned is written within seconds, and what was used longest ago leaves', async (t) => {
  const timing = fakeTiming();
  const { log } = memoryLog();
  const stop = new AbortController();
  const image = (usedAt: string): LearnedImage => ({
    entrypoint: ['/app'.repeat(20)],
    cmd: [],
    learnedAt: usedAt,
    usedAt,
  });
  const there = { old: image('2026-11-01T00:00:00.000Z'), newer: image('2026-11-02T00:00:00.000Z') };
  const sent: JsonValue[] = [];
  const faults = [refusal(404, 'NotFound')];
  const client: Pick<ApiClient, 'create' | 'patch'> = {
    patch: (_path, _kind, body) => {
      const fault = faults.shift();
      if (fault !== undefined) return Promise.reject(fault);
      sent.push(body);
      return Promise.resolve({});
    },
    create: (_path, object) => {
      sent.push(object);
      return Promise.resolve(object);
    },
  };
  const writer = new LearnedWriter({
    ...timing,
    log,
    client,
    plans: { learned: () => ({ images: there }), all: () => [].values() },
    bounds: { planBytes: 1_024 + 500, planTotalBytes: 1_000_000 },
    owner: () => Promise.resolve(owner),
  });
  const pending = [new Map([['shop', new Map([['new', image('2026-11-03T00:00:00.000Z')]])]])];
  const images = { take: () => pending.shift() ?? new Map(), giveBack: () => t.fail('nothing failed for good') };
  const done = writer.run(images, stop.signal);
  writer.poke();
  await settle();
  await timing.advance(1_000);
  t.match(
    sent[0],
    { metadata: { name: 'images.outrider.dev' }, learned: { images: { new: { usedAt: /^2026-11-03/ } } } },
    'made where it was not there',
  );
  pending.push(new Map([['shop', new Map([['other', image('2026-11-04T00:00:00.000Z')]])]]));
  await timing.advance(50);
  writer.poke();
  await timing.advance(1_000);
  await settle();
  const patch = objectOf(objectOf(objectOf(sent[1])?.['learned'])?.['images']);
  t.same([patch?.['old'], patch?.['newer'] === undefined, patch?.['other'] !== null], [null, true, true]);
  stop.abort();
  await timing.advance(1_000_000);
  await done;
});
