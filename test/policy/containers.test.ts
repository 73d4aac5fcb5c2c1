import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { CompiledPolicy } from '../../src/policy/compile.js';
import { selectContainers, type ContainerView, type Selection } from '../../src/policy/containers.js';
import { compiled } from './make.js';

const nothingOfItsOwn = { command: [], args: [], bent: undefined, mounts: [] };

function select(
  policy: CompiledPolicy,
  pod: readonly ContainerView[],
  annotation: string | undefined,
  trace: boolean,
): Selection<ContainerView> {
  return selectContainers(policy, pod, annotation, trace, () => nothingOfItsOwn);
}

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
    const selection = select(compiled('p', { containers }), pod, undefined, false);
    t.strictSame(namesOf(selection), selected, JSON.stringify(containers));
    t.equal(selection.narrowed, false);
    t.strictSame(selection.steps, []);
  }
  t.end();
});

t.test('E18: the usual meshes and agents are excluded by default', (t) => {
  const others = ['istio-proxy', 'linkerd-proxy', 'vault-agent'].map((name) => main(name));
  t.strictSame(namesOf(select(compiled('p'), others, undefined, false)), []);
  t.end();
});

t.test(
  'W35: Linkerd’s debug sidecar and App Mesh’s Envoy are excluded by default, an Envoy of one’s own is not',
  (t) => {
    const others = [
      main('linkerd-debug', 'cr.l5d.io/linkerd/debug:edge'),
      main('envoy', '840364872350.dkr.ecr.us-west-2.amazonaws.com/aws-appmesh-envoy:v1.29.12.1-prod'),
      main('proxy', 'public.ecr.aws/appmesh/aws-appmesh-envoy:v1.29.12.1-prod'),
      main('gateway', 'envoyproxy/envoy:v1.30'),
    ];
    t.strictSame(namesOf(select(compiled('p'), others, undefined, false)), ['gateway']);
    t.strictSame(namesOf(select(compiled('p', { prefer: 'Security' }), others, undefined, false)).length, 4);
    t.end();
  },
);

t.test('every answer has its why, and a trace says it for each container', (t) => {
  const policy = compiled('p', { containers: { include: ['web', 'worker', 'proxy'], exclude: ['proxy'] } });
  const pod = [init('setup'), main('web'), main('worker'), main('proxy'), main('other')];
  const selection = select(policy, pod, 'web', true);
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
  t.strictSame(namesOf(select(policy, pod, ' worker , ,', false)), ['worker']);
  for (const blank of ['', ' , ']) t.strictSame(namesOf(select(policy, pod, blank, false)), ['web', 'worker']);

  const unknown = select(policy, pod, 'web,"x"\n,*', false);
  t.strictSame(namesOf(unknown), ['web'], 'names are no globs');
  t.match(unknown.steps, [{ result: 'note', reason: 'annotation_names_unknown', detail: /"\\"x\\"", "\*"$/ }]);

  const none = select(policy, pod, Array.from({ length: 7 }, (_, index) => `n${index}`).join(), false);
  t.strictSame(namesOf(none), []);
  t.equal(none.narrowed, true);
  t.match(none.steps[0]?.detail, /"n4", and 2 more$/);

  const long = select(policy, pod, 'x'.repeat(200_000), false);
  t.ok((long.steps[0]?.detail.length ?? 0) < 200, 'a long name is shortened');

  const noLoss = select(policy, pod, 'web,worker', false);
  t.equal(noLoss.narrowed, false);
  t.end();
});

t.test('E36: under optOut Forbidden the annotation is ignored, and that is said', (t) => {
  const selection = select(compiled('p', { optOut: 'Forbidden' }), [main('web'), main('x')], 'x', false);
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
      const free = select(policy, pod, undefined, false);
      const narrowed = select(policy, pod, wanted.join(), true);
      for (const one of narrowed.selected) assert.ok(free.selected.includes(one));
      assert.equal(narrowed.narrowed, narrowed.selected.length < free.selected.length);
      assert.equal(narrowed.because.filter((why) => why === 'selected').length, narrowed.selected.length);
    }),
  );
  t.end();
});
