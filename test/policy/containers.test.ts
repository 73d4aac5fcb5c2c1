import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { selectContainers, type ContainerView } from '../../src/policy/containers.js';
import { compiled } from './make.js';

function main(name: string, image?: string): ContainerView {
  return { name, image, list: 'containers' };
}

function init(name: string, restartPolicy?: string): ContainerView {
  return { name, image: undefined, list: 'initContainers', restartPolicy };
}

function namesOf(selection: { readonly selected: readonly ContainerView[] }): readonly string[] {
  return selection.selected.map(({ name }) => name);
}

t.test('names, images and cover', (t) => {
  const pod = [
    init('migrate'),
    init('log-shipper', 'Always'),
    main('web', 'ghcr.io/acme/web:1'),
    main('worker', 'docker.io/other/worker'),
    main('bare'),
    main('istio-proxy', 'istio/proxyv2'),
  ];
  const table: readonly (readonly [containers: Readonly<Record<string, unknown>>, selected: readonly string[]])[] = [
    [{}, ['web', 'worker', 'bare']],
    [{ exclude: [] }, ['web', 'worker', 'bare', 'istio-proxy']],
    [{ include: ['w*'] }, ['web', 'worker']],
    [{ include: ['w?b'] }, ['web']],
    [{ include: ['image:ghcr.io/acme/*'] }, ['web']],
    [{ include: ['image:*'] }, ['web', 'worker']],
    [{ include: ['image:ghcr.io/*', 'bare'] }, ['web', 'bare']],
    [{ exclude: ['image:*/other/*'] }, ['web', 'bare', 'istio-proxy']],
    [{ include: ['web'], exclude: ['web'] }, []],
    [{ cover: ['Init'] }, ['migrate', 'log-shipper']],
    [{ cover: ['Main', 'Init'], include: ['*r*'] }, ['migrate', 'log-shipper', 'worker', 'bare']],
    [{ cover: ['Probes', 'Lifecycle'] }, []],
  ];
  for (const [containers, selected] of table) {
    const selection = selectContainers(compiled('p', { containers }), pod, undefined, false);
    t.strictSame(namesOf(selection), selected, JSON.stringify(containers));
    t.equal(selection.narrowed, false);
    t.strictSame(selection.steps, []);
  }
  t.end();
});

t.test('E18: the usual meshes and agents are excluded by default', (t) => {
  const others = ['istio-proxy', 'linkerd-proxy', 'vault-agent'].map((name) => main(name));
  t.strictSame(namesOf(selectContainers(compiled('p'), others, undefined, false)), []);
  t.end();
});

t.test('every answer has its why, and a trace says it for each container', (t) => {
  const policy = compiled('p', { containers: { include: ['web', 'worker', 'proxy'], exclude: ['proxy'] } });
  const pod = [init('setup'), main('web'), main('worker'), main('proxy'), main('other')];
  const selection = selectContainers(policy, pod, 'web', true);
  t.strictSame(selection.because, ['not_covered', 'selected', 'narrowed', 'excluded', 'not_included']);
  t.equal(selection.narrowed, true);
  t.strictSame(
    selection.steps.map(({ subject, result }) => [subject, result]),
    [
      ['setup', 'note'],
      ['web', 'pass'],
      ['worker', 'note'],
      ['proxy', 'note'],
      ['other', 'note'],
    ],
  );
  t.end();
});

t.test('the annotation narrows', (t) => {
  const policy = compiled('p');
  const pod = [main('web'), main('worker')];
  t.strictSame(namesOf(selectContainers(policy, pod, ' worker , ,', false)), ['worker']);
  for (const blank of ['', ' , '])
    t.strictSame(namesOf(selectContainers(policy, pod, blank, false)), ['web', 'worker']);

  const unknown = selectContainers(policy, pod, 'web,"x"\n,*', false);
  t.strictSame(namesOf(unknown), ['web'], 'names are no globs');
  t.match(unknown.steps, [{ result: 'note', reason: 'annotation_names_unknown', detail: /"\\"x\\"", "\*"$/ }]);

  const none = selectContainers(policy, pod, Array.from({ length: 7 }, (_, index) => `n${index}`).join(), false);
  t.strictSame(namesOf(none), []);
  t.equal(none.narrowed, true);
  t.match(none.steps[0]?.detail, /"n4", and 2 more$/);

  const long = selectContainers(policy, pod, 'x'.repeat(200_000), false);
  t.ok((long.steps[0]?.detail.length ?? 0) < 200, 'a long name is shortened');

  const noLoss = selectContainers(policy, pod, 'web,worker', false);
  t.equal(noLoss.narrowed, false);
  t.end();
});

t.test('E36: under optOut Forbidden the annotation is ignored, and that is said', (t) => {
  const selection = selectContainers(compiled('p', { optOut: 'Forbidden' }), [main('web'), main('x')], 'x', false);
  t.strictSame(namesOf(selection), ['web', 'x']);
  t.equal(selection.narrowed, false);
  t.match(selection.steps, [{ result: 'note', reason: 'annotation_ignored' }]);
  t.end();
});

t.test('E36: an annotation never widens the choice', (t) => {
  const name = fc.constantFrom('web', 'worker', 'proxy', 'setup', 'log');
  const container = fc.record({
    name,
    image: fc.constantFrom(undefined, 'nginx', 'ghcr.io/acme/web'),
    list: fc.constantFrom('containers' as const, 'initContainers' as const),
  });
  const pattern = fc.constantFrom('*', 'w*', 'proxy', 'image:ghcr.io/*', '?og');
  const policy = fc
    .record({
      include: fc.array(pattern, { minLength: 1, maxLength: 3 }),
      exclude: fc.array(pattern, { maxLength: 2 }),
      cover: fc.uniqueArray(fc.constantFrom('Main', 'Init'), { minLength: 1 }),
    })
    .map((containers) => compiled('p', { containers }));
  fc.assert(
    fc.property(policy, fc.array(container, { maxLength: 6 }), fc.array(name), (policy, pod, wanted) => {
      const free = selectContainers(policy, pod, undefined, false);
      const narrowed = selectContainers(policy, pod, wanted.join(), true);
      for (const one of narrowed.selected) assert.ok(free.selected.includes(one));
      assert.equal(narrowed.narrowed, narrowed.selected.length < free.selected.length);
      assert.equal(narrowed.because.filter((why) => why === 'selected').length, narrowed.selected.length);
    }),
  );
  t.end();
});
