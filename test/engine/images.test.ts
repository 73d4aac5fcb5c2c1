import t from 'tap';
import type { Engine, PodRequest } from '../../src/engine/engine.js';
import { instrument } from '../../src/engine/instrument.js';
import { isPending } from '../../src/engine/outcome.js';
import type { ImageOutcome } from '../../src/model/image.js';
import { listOf, stringOf, type JsonObject } from '../../src/model/json.js';
import { decideNow, decideWithLookUps, engineFor, resolverOf, type FakeImages } from '../support/engine.js';
import { at, patched } from '../support/json.js';
import { podOf, podWith } from '../support/pods.js';

const image = 'shop/web:1';
const agentImage = 'quay.io/sysdig/workload-agent:6.3.0';
const refused: ImageOutcome = { ok: false, reason: 'image_unauthorized', detail: `${agentImage}: 401` };
const missing: ImageOutcome = { ok: false, reason: 'image_not_found', detail: `${agentImage}: 404` };

/** An engine that keeps which references a registry was asked for, and remembers what it said. */
function asking(engine: Engine, asked: FakeImages): { readonly engine: Engine; readonly references: string[] } {
  const references: string[] = [];
  const learnt = new Map<string, ImageOutcome>();
  const registry = resolverOf({}, asked);
  return {
    references,
    engine: {
      ...engine,
      images: {
        known: (request) => learnt.get(request.reference) ?? engine.images.known(request),
        lookUp: async (request, signal) => {
          references.push(request.reference);
          const outcome = await registry.lookUp(request, signal);
          learnt.set(request.reference, outcome);
          return outcome;
        },
      },
    },
  };
}

t.test('E3, E15: who says what an image starts: the annotation, then the map, then the registry', async (t) => {
  const asked = { [image]: { entrypoint: ['/registry'], cmd: [] }, [agentImage]: { entrypoint: ['/agent'], cmd: [] } };
  const started = async (pod: ReturnType<typeof podOf>, known: FakeImages) => {
    const { engine } = asking(engineFor({}, { known }), asked);
    const { patch } = await decideWithLookUps(pod, engine);
    return at(patched(pod, patch), 'spec', 'containers', 0, 'command', 1);
  };
  const annotation = { annotations: { 'outrider.dev/images': '{"web": {"entrypoint": ["/annotation"]}}' } };
  const map = { [image]: { entrypoint: ['/map'], cmd: [] } };
  t.equal(await started(podWith({}, {}, annotation), map), '/annotation');
  t.equal(await started(podWith({}), map), '/map');
  t.equal(await started(podWith({}), {}), '/registry');
  t.equal(await started(podWith({ imagePullPolicy: 'Never' }), {}), undefined, 'never pulled: a registry cannot know');
  t.equal(await started(podWith({ imagePullPolicy: 'Never' }), map), '/map');
});

t.test('E16: an annotation that is not of the shape is a reason, and no way round the look-up', (t) => {
  const bad = [
    '',
    '{',
    '[]',
    'null',
    '"x"',
    '{"web": []}',
    '{"web": {"cmd": "x"}}',
    '{"web": {"entrypoint": [1]}}',
    '{"web": {"env": []}}',
  ];
  for (const text of bad) {
    const pod = podWith({}, {}, { annotations: { 'outrider.dev/images': text } });
    const { decision } = decideNow(pod, engineFor({}, { known: { [image]: { entrypoint: ['/app'], cmd: [] } } }));
    t.match(decision, { decision: 'skip', reason: 'images_annotation_invalid' }, text);
    const denying = engineFor({ onUnresolvedImage: 'Deny' });
    t.equal(decideNow(pod, denying, 'validate').decision.decision, 'deny', text);
  }
  const nulls = podWith(
    {},
    {},
    { annotations: { 'outrider.dev/images': '{"web": {"entrypoint": null, "cmd": ["/c"]}}' } },
  );
  t.equal(decideNow(nulls, engineFor()).decision.decision, 'inject');
  t.end();
});

t.test('E1: a pod whose containers all give a command is decided at once where the agent is known', (t) => {
  const known = { [agentImage]: { entrypoint: ['/agent'], cmd: [] } };
  const { engine, references } = asking(engineFor({}, { known }), {});
  const request = { pod: podOf(), namespace: 'shop', namespaceLabels: {}, admitted: true, trace: false } as const;
  const lookUp = () => new AbortController().signal;
  t.notOk(isPending(instrument({ ...request, door: 'mutate', lookUp }, engine)));
  t.same(references, []);
  const security = asking(engineFor({ prefer: 'Security' }), {});
  t.notOk(isPending(instrument({ ...request, door: 'mutate', lookUp }, security.engine)), 'Security asks for no agent');
  const validating = asking(engineFor({ prefer: 'Security' }), {});
  t.notOk(isPending(instrument({ ...request, pod: podWith({}), door: 'validate', lookUp }, validating.engine)));
  t.same(validating.references, [], 'the validating door asks nobody');
  t.end();
});

t.test(
  'E31: under Availability an agent’s image that is known to be missing is a skip, a refused one a remark',
  async (t) => {
    const gone = asking(engineFor(), { [agentImage]: missing });
    t.match(await decideWithLookUps(podOf(), gone.engine), {
      decision: { decision: 'skip', reason: 'agent_image_missing' },
      patch: [],
    });
    t.same(gone.references, [agentImage], 'asked once, though two parts use it');
    await decideWithLookUps(podOf(), gone.engine);
    t.same(gone.references, [agentImage], 'and remembered');

    const hidden = asking(engineFor(), { [agentImage]: refused });
    const { decision } = await decideWithLookUps(podOf(), hidden.engine);
    t.equal(decision.decision, 'inject');
    t.ok(decision.steps.some(({ reason }) => reason === 'agent_image_unauthorized'));

    const strict = engineFor({ prefer: 'Security' }, { known: { [agentImage]: missing } });
    t.equal(decideNow(podOf(), strict).decision.decision, 'inject', 'under Security the start shows the trouble');
  },
);

t.test('E31: the agent’s image is asked for with the pull secrets that the pod will have', async (t) => {
  const policy = { agent: { imagePullSecrets: ['pull'] } };
  /** The pull secrets that the agent’s image was asked for with, and whether the pod is said to lack rights. */
  const asked = async (pod: JsonObject, about: Partial<PodRequest> = {}) => {
    const secrets: (string | undefined)[][] = [];
    const engine: Engine = {
      ...engineFor(policy),
      images: {
        known: () => undefined,
        lookUp: (request) => {
          const names = listOf(at(request.pod, 'spec', 'imagePullSecrets')).map((item) => stringOf(at(item, 'name')));
          if (request.reference === agentImage) secrets.push(names);
          return Promise.resolve(
            names.includes('pull')
              ? { ok: true, config: { entrypoint: ['/agent'], cmd: [] }, source: 'registry' }
              : refused,
          );
        },
      },
    };
    const { decision, patch } = await decideWithLookUps(pod, engine, about);
    const after = listOf(at(patched(pod, patch), 'spec', 'imagePullSecrets'));
    return {
      secrets,
      after: after.map((item) => stringOf(at(item, 'name'))),
      said: decision.steps.flatMap(({ reason }) => reason ?? []).filter((reason) => /unauthorized|pull/.test(reason)),
    };
  };
  t.strictSame(await asked(podOf()), { secrets: [['pull']], after: ['pull'], said: [] });
  const own = podOf({ imagePullSecrets: [{ name: 'own' }] });
  t.strictSame(await asked(own), { secrets: [['own', 'pull']], after: ['own', 'pull'], said: [] });
  const both = podOf({ imagePullSecrets: [{ name: 'pull' }] });
  t.strictSame(await asked(both), { secrets: [['pull']], after: ['pull'], said: [] }, 'not named twice');
  t.strictSame(
    await asked(podOf(), { admitted: false }),
    { secrets: [[]], after: [], said: ['agent_image_unauthorized', 'pull_secrets_not_added'] },
    'a manifest that lists none gets none, and is asked for without',
  );
});

t.test('the agent’s image is asked for under the name that the pod gets', async (t) => {
  const facts = { imageRewrites: [{ from: 'quay.io/', to: 'mirror.example/' }] };
  const rewritten = 'mirror.example/sysdig/workload-agent:6.3.0';
  const { engine, references } = asking(engineFor({}, { facts }), { [rewritten]: missing });
  t.equal((await decideWithLookUps(podOf(), engine)).decision.reason, 'agent_image_missing');
  t.same(references, [rewritten]);
});

t.test('E31: a missing Secret is a skip under Availability, and asks for the right one', (t) => {
  const seen: string[] = [];
  const secretState = (namespace: string, name: string, key: string) => {
    seen.push(`${namespace}/${name}/${key}`);
    return 'missing' as const;
  };
  const secretRef = { secretRef: { name: 'mine', key: 'k' } };
  const { decision } = decideNow(podOf(), engineFor({ credentials: secretRef }, { secretState }));
  t.match(decision, { decision: 'skip', reason: 'credentials_missing', detail: 'Secret shop/mine has no key k' });
  t.same(seen, ['shop/mine/k']);
  for (const state of ['present', 'unknown'] as const) {
    t.equal(decideNow(podOf(), engineFor({}, { secretState: () => state })).decision.decision, 'inject', state);
  }
  t.end();
});

t.test('E31: offline no pull secret is added to a manifest that has none', (t) => {
  const engine = engineFor({ agent: { imagePullSecrets: ['pull', 'regcred'] } });
  const secretsOf = (spec: Parameters<typeof podOf>[0], admitted: boolean) => {
    const pod = podOf(spec);
    return at(patched(pod, decideNow(pod, engine, 'mutate', { admitted }).patch), 'spec', 'imagePullSecrets');
  };
  t.equal(secretsOf({}, false), undefined);
  t.same(secretsOf({}, true), [{ name: 'pull' }, { name: 'regcred' }]);
  for (const admitted of [true, false]) {
    t.same(secretsOf({ imagePullSecrets: [{ name: 'regcred' }] }, admitted), [{ name: 'regcred' }, { name: 'pull' }]);
  }
  t.end();
});

t.test('E16: one container’s failed look-up leaves the others as they are: partial, and it says which', async (t) => {
  const pod = podOf({
    containers: [
      { name: 'web', image },
      { name: 'worker', image: 'shop/worker:1' },
    ],
  });
  const { engine } = asking(engineFor(), {
    [image]: { entrypoint: ['/app'], cmd: [] },
    'shop/worker:1': { ok: false, reason: 'registry_error', detail: 'shop/worker:1: 500' },
  });
  const { decision, patch } = await decideWithLookUps(pod, engine);
  t.match(decision, { decision: 'partial', reason: 'registry_error', detail: 'worker: shop/worker:1: 500' });
  const after = patched(pod, patch);
  t.equal(at(after, 'metadata', 'labels', 'outrider.dev/status'), 'partial');
  t.same(at(after, 'spec', 'containers', 1), at(pod, 'spec', 'containers', 1));
});
