import t, { type Test } from 'tap';
import { readEntries, type AgentImage, type ReadEntries } from '../../../src/cluster/agent-images/entries.js';
import { AgentImageLookUp } from '../../../src/cluster/agent-images/look-up.js';
import { policiesOf } from '../../../src/cluster/live/read-policies.js';
import type { ImageOutcome, ImageRequest } from '../../../src/model/image.js';
import type { JsonObject } from '../../../src/model/json.js';
import { memoryLog, refusal } from '../fake-api.js';
import { createFakeObjects } from '../fake-objects.js';
import { policyObject } from '../state/documents.js';
import { createVirtualTime } from '../virtual-time.js';

const path = '/api/v1/namespaces/own/configmaps/outrider-agent-images';
const image = 'quay.io/sysdig/workload-agent:6.3.0';
const minuteMs = 60_000;

function starts(...entrypoint: readonly string[]): ImageOutcome {
  const digest = `sha256:${Buffer.from(entrypoint.join(' ')).toString('hex').padEnd(64, '0').slice(0, 64)}`;
  return { ok: true, config: { entrypoint, cmd: [] }, source: 'registry', digest };
}

const down: ImageOutcome = { ok: false, reason: 'registry_unreachable', detail: `${image}: no answer` };

/** A leader, a registry, and the ConfigMap as replicas follow it. */
function createWorld(t: Test, policies: Readonly<Record<string, JsonObject>> = { one: {} }) {
  const time = createVirtualTime();
  const { log, lines } = memoryLog();
  const known = new Map<string, AgentImage>();
  let standing: ReadEntries | undefined;
  let term = new AbortController();
  t.teardown(() => term.abort());
  const objects = createFakeObjects((_path, object) => {
    standing = object === undefined ? undefined : readEntries(object['data']);
    for (const [name, entry] of standing?.images ?? []) known.set(name, entry);
    look?.changed();
  });
  const documents = new Map(Object.entries(policies).map(([name, spec]) => [name, policyObject(name, spec)]));
  let look: AgentImageLookUp | undefined;
  const world = {
    time,
    lines,
    objects,
    asked: [] as ImageRequest[],
    atOnce: 0,
    most: 0,
    answer: (): ImageOutcome => starts('/agent'),
    paused: false,
    older: false,
    architectures: 'amd64',
    given: new Map<string, readonly string[]>(),
    view: policiesOf([...documents.values()], []),
    edit: async (name: string, spec: JsonObject): Promise<void> => {
      documents.set(name, policyObject(name, spec, { generation: documents.size + world.asked.length + 2 }));
      const fresh = policiesOf([...documents.values()], []);
      // What did not change is the same object, as the policies’ book has it.
      const before = new Map(world.view.policies.map((one) => [one.name, one]));
      world.view = {
        ...fresh,
        policies: fresh.policies.map((one) => (one.name === name ? one : (before.get(one.name) ?? one))),
      };
      look?.changed();
      await time.advance(1_000);
    },
    lead: async (): Promise<void> => {
      term.abort();
      term = new AbortController();
      look = new AgentImageLookUp({
        clock: time,
        sleep: time.sleep,
        random: () => 0.5,
        client: objects.client(),
        instance: 'outrider',
        ownNamespace: 'own',
        images: {
          lookUp: async (request) => {
            world.asked.push(request);
            world.most = Math.max(world.most, ++world.atOnce);
            await Promise.resolve();
            world.atOnce--;
            return world.answer();
          },
        },
        known: {
          of: (one) => known.get(one),
          get standing() {
            return standing;
          },
        },
        view: () => (world.paused ? undefined : world.view),
        rewrites: [],
        operatorSays: (one) => world.given.get(one),
        architectures: () => world.architectures,
        older: () => world.older,
        onFound: () => undefined,
        log,
      });
      void look.run(term.signal);
      await time.advance(1_000);
    },
    resign: async (): Promise<void> => {
      term.abort();
      await time.advance(1_000);
    },
    of: (one = image) => look?.of(one),
    kept: (one = image) => readEntries(objects.read(path)?.['data']).images.get(one)?.argv,
    writes: () => objects.requests.filter((request) => /^(PUT|POST)/.test(request)).length,
  };
  return world;
}

t.test(
  'F40: a hundred policies with one image are one look-up, with the pull secrets of the own namespace',
  async (t) => {
    const agent = { imagePullSecrets: ['registry'] };
    const hundred = Array.from({ length: 100 }, (_, at) => [`policy-${at}`, { agent }] as const);
    const world = createWorld(t, Object.fromEntries(hundred));
    await world.lead();
    t.equal(world.asked.length, 1);
    t.match(world.asked[0], {
      reference: image,
      namespace: 'own',
      pod: { spec: { imagePullSecrets: [{ name: 'registry' }] } },
    });
    t.same(world.kept(), ['/agent']);
    t.equal(world.writes(), 1);
    t.match(world.of(), { image, given: false, problem: undefined, found: { argv: ['/agent'], digest: /^sha256:/ } });
    await world.edit('policy-7', { agent, precedence: 3 });
    t.equal(world.asked.length, 2, 'a policy that changed');
    await world.edit('policy-7', { agent: { ...agent, image: 'registry.test/other:1' } });
    t.equal(world.asked.length, 3, 'another image');
    t.same(world.kept('registry.test/other:1'), ['/agent']);
    await world.time.advance(13 * minuteMs);
    t.equal(world.asked.length, 5, 'and each is renewed slowly');
    t.equal(world.writes(), 2, 'which writes nothing while nothing changed');
  },
);

t.test('F40: a tag that starts something else is taken over; a registry that is down takes nothing away', async (t) => {
  const world = createWorld(t);
  await world.lead();
  world.answer = () => starts('/agent', '--new');
  await world.time.advance(13 * minuteMs);
  t.same(world.kept(), ['/agent', '--new']);
  world.answer = () => down;
  await world.time.advance(24 * 60 * minuteMs);
  t.same(world.kept(), ['/agent', '--new']);
  t.match(world.of(), { found: { argv: ['/agent', '--new'] }, problem: /^registry_unreachable: / });
  await world.lead();
  t.same(world.kept(), ['/agent', '--new'], 'and no new leader does');
  t.match(world.of(), { found: { argv: ['/agent', '--new'] }, problem: /^registry_unreachable: / });
});

t.test('F40: a registry that is down at the start is asked less and less, and found again', async (t) => {
  const world = createWorld(t);
  world.answer = () => down;
  await world.lead();
  await world.time.advance(60 * minuteMs);
  const asked = world.asked.length;
  t.ok(asked >= 8 && asked < 30, `asked ${asked} times in an hour`);
  t.equal(world.kept(), undefined);
  t.equal(world.writes(), 0);
  t.equal(world.lines.filter(({ level }) => level === 40).length, 1, 'said once');
  t.match(world.of(), { found: undefined, problem: /no answer/ });
  world.answer = () => starts('/agent');
  await world.time.advance(10 * minuteMs);
  t.same(world.kept(), ['/agent']);
  t.equal(world.of()?.problem, undefined);
});

t.test('F40: an edited or forged ConfigMap is put right by what this leader found', async (t) => {
  const world = createWorld(t);
  await world.lead();
  const right = world.objects.read(path);
  const data = right?.['data'];
  const forged = JSON.parse(JSON.stringify(data).replace('/agent', '/bin/sh')) as JsonObject;
  world.objects.put(path, { ...right, data: forged });
  t.same(world.kept(), ['/bin/sh']);
  await world.time.advance(1_000);
  t.same(world.kept(), ['/agent']);
  world.objects.put(path, { ...right, data: { ...forged, more: 'x' } });
  await world.time.advance(1_000);
  t.same(world.objects.read(path)?.['data'], data);
  world.objects.remove(path);
  await world.time.advance(16_000);
  t.same(world.kept(), ['/agent']);
  // A new leader believes what is there only until it has looked itself, which it does first.
  await world.resign();
  world.objects.put(path, { ...right, data: forged });
  await world.lead();
  t.same(world.kept(), ['/agent']);
});

t.test('F40: nothing is written while paused, or while a replica is there that knows nothing of it', async (t) => {
  const world = createWorld(t);
  world.older = true;
  await world.lead();
  t.equal(world.asked.length, 1);
  t.equal(world.writes(), 0);
  world.older = false;
  await world.time.advance(16_000);
  t.same(world.kept(), ['/agent']);
  world.paused = true;
  world.objects.remove(path);
  await world.time.advance(30 * minuteMs);
  t.equal(world.objects.read(path), undefined);
  t.equal(world.asked.length, 1);
});

t.test('F40: what the operator says is believed, and nobody is asked', async (t) => {
  const world = createWorld(t);
  world.given.set(image, ['/operator']);
  await world.lead();
  t.equal(world.asked.length, 0);
  t.equal(world.kept(), undefined);
  t.match(world.of(), { given: true });
});

t.test('F40: an image that starts nothing, or too much, is said to', async (t) => {
  const world = createWorld(t);
  world.answer = () => starts();
  await world.lead();
  t.match(world.of()?.problem, /neither ENTRYPOINT nor CMD/);
  for (const entrypoint of [['x'.repeat(9_000)], Array.from({ length: 300 }, () => 'x')]) {
    world.answer = () => ({ ok: true, config: { entrypoint, cmd: [] }, source: 'registry' });
    await world.edit('one', { precedence: entrypoint.length });
    t.match(world.of()?.problem, /too long/);
  }
  t.equal(world.kept(), undefined);
});

t.test(
  'F40: an image that says what no process can be given is said to, and is not known by one replica alone',
  async (t) => {
    const world = createWorld(t);
    world.answer = () => ({ ok: true, config: { entrypoint: ['/agent', 'a\0b'], cmd: [] }, source: 'registry' });
    await world.lead();
    t.match(world.of(), { found: undefined, problem: /characters that are not kept/ });
    t.equal(world.kept(), undefined);
    const odd = ['/agent', '', '$(HOME)', '$$(HOME)', '\n', '“é”'];
    world.answer = () => starts(...odd);
    await world.edit('one', { precedence: 7 });
    t.same(world.kept(), odd, 'words that a process can be given are kept as they are');
  },
);

t.test('F40: a node of another architecture is another question', async (t) => {
  const world = createWorld(t);
  await world.lead();
  world.architectures = 'amd64,arm64';
  world.answer = () => ({ ok: false, reason: 'image_platforms_differ', detail: 'linux/amd64: …; linux/arm64: …' });
  await world.time.advance(16_000);
  t.equal(world.asked.length, 2);
  t.match(world.of()?.problem, /^image_platforms_differ/);
});

t.test('F40: as many images as a ConfigMap takes, four at a time; the others are said to be left out', async (t) => {
  const many = Array.from(
    { length: 105 },
    (_, at) => [`p-${1000 + at}`, { agent: { image: `agent.test/a:${at}` } }] as const,
  );
  const world = createWorld(t, Object.fromEntries(many));
  await world.lead();
  t.equal(world.asked.length, 100);
  t.equal(world.most, 4);
  t.same(world.kept('agent.test/a:99'), ['/agent']);
  t.match(world.of('agent.test/a:104')?.problem, /more than 100 images/);
  t.equal(world.kept('agent.test/a:104'), undefined);
});

t.test('F40: an image that nobody names any more leaves the ConfigMap after a while', async (t) => {
  const world = createWorld(t);
  await world.lead();
  await world.edit('one', { agent: { image: 'registry.test/other:1' } });
  t.same(world.kept(), ['/agent'], 'whoever edits to and fro finds it there');
  await world.time.advance(11 * minuteMs);
  t.equal(world.kept(), undefined);
  t.same(world.kept('registry.test/other:1'), ['/agent']);
});

t.test('F40: rights that are missing are said once, and tried again', async (t) => {
  const world = createWorld(t);
  world.objects.fault = (method) => (method === 'GET' ? refusal(403, 'Forbidden') : undefined);
  await world.lead();
  await world.time.advance(10 * minuteMs);
  t.equal(world.lines.filter(({ level }) => level === 40).length, 1);
  t.ok(world.objects.requests.length < 60, `${world.objects.requests.length} tries`);
  world.objects.fault = () => undefined;
  await world.time.advance(minuteMs);
  t.same(world.kept(), ['/agent']);
});
