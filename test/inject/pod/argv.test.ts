import fc from 'fast-check';
import t from 'tap';
import { isWrapped, runsWrapper } from '../../../src/inject/argv.js';
import { literal, needsImage, wrapArgv } from '../../../src/inject/pod/argv.js';
import type { ImageOutcome } from '../../../src/model/image.js';
import type { ContainerView } from '../../../src/inject/pod/view.js';
import { expand } from '../../support/kubelet.js';

const wrapper = ['/opt/draios/bin/instrument'];
const longWrapper = ['/cws/cws-instrumentation', 'trace', '--'];

function container(command: readonly string[], args: readonly string[] = []): ContainerView {
  return { name: 'web', image: 'shop/web:1', list: 'containers', index: 0, native: false, command, args, value: {} };
}

function image(entrypoint: readonly string[], cmd: readonly string[] = []): ImageOutcome {
  return { ok: true, config: { entrypoint, cmd }, source: 'map' };
}

const rows: readonly {
  readonly title: string;
  readonly container: ContainerView;
  readonly image?: ImageOutcome;
  readonly wanted: unknown;
}[] = [
  {
    title: 'E1: command alone',
    container: container(['/app', 'x']),
    wanted: { command: [...wrapper, '/app', 'x'], args: undefined },
  },
  {
    title: 'E1: command and args; the image says nothing',
    container: container(['/app'], ['x']),
    image: image(['/other'], ['y']),
    wanted: { command: [...wrapper, '/app'], args: undefined },
  },
  {
    title: 'E2: args only',
    container: container([], ['x']),
    image: image(['/e', '-f'], ['dropped']),
    wanted: { command: [...wrapper, '/e', '-f'], args: undefined },
  },
  {
    title: 'E3: neither',
    container: container([]),
    image: image(['/e'], ['c', 'd']),
    wanted: { command: [...wrapper, '/e'], args: ['c', 'd'] },
  },
  {
    title: 'E3: no CMD',
    container: container([]),
    image: image(['/e']),
    wanted: { command: [...wrapper, '/e'], args: undefined },
  },
  {
    title: 'E4: CMD only',
    container: container([]),
    image: image([], ['c', 'd']),
    wanted: { command: wrapper, args: ['c', 'd'] },
  },
  {
    title: 'E4: CMD only, and args',
    container: container([], ['x']),
    image: image([], ['c']),
    wanted: { command: wrapper, args: undefined },
  },
  { title: 'E5: nothing at all', container: container([]), image: image([]), wanted: { reason: 'entrypoint_empty' } },
  {
    title: 'E5: args without an entrypoint are a program',
    container: container([], ['/x']),
    image: image([]),
    wanted: { command: wrapper },
  },
  {
    title: 'E6: an image’s $ is doubled',
    container: container([]),
    image: image(['$(A)', '$$'], ['$']),
    wanted: { command: [...wrapper, '$$(A)', '$$$$'], args: ['$$'] },
  },
  {
    title: 'E6: args of the pod beside an image’s entrypoint stay',
    container: container([], ['$(A)']),
    image: image(['$(A)']),
    wanted: { command: [...wrapper, '$$(A)'], args: undefined },
  },
  {
    title: 'E7: a pod’s $(VAR) stays',
    container: container(['$(A)', '$$(B)']),
    wanted: { command: [...wrapper, '$(A)', '$$(B)'] },
  },
  { title: 'E33: a relative program', container: container(['bin/app']), wanted: { command: [...wrapper, 'bin/app'] } },
  {
    title: 'E33: a program on PATH',
    container: container([]),
    image: image(['node']),
    wanted: { command: [...wrapper, 'node'] },
  },
  { title: 'no image known', container: container([]), wanted: { reason: 'image_unresolved', detail: /shop\/web:1/ } },
  {
    title: 'a look-up that failed',
    container: container([]),
    image: { ok: false, reason: 'image_not_found', detail: 'gone' },
    wanted: { reason: 'image_not_found', detail: 'gone' },
  },
  {
    title: 'E17: an image built with the wrapper',
    container: container([]),
    image: image([...wrapper, '/e'], ['c']),
    wanted: { command: [...wrapper, '/e'], args: ['c'] },
  },
  {
    title: 'E17: such an image without a program',
    container: container([]),
    image: image(wrapper),
    wanted: { reason: 'entrypoint_empty' },
  },
];

for (const row of rows) {
  t.test(row.title, (t) => {
    t.match(wrapArgv(row.container, wrapper, row.image), row.wanted);
    t.end();
  });
}

t.test('E39: entrypoints that must be process 1 are left alone, wherever they come from', (t) => {
  const inits = ['/init', '/sbin/init', '/usr/sbin/init', '/lib/systemd/systemd', '/usr/lib/systemd/systemd'];
  for (const program of inits) {
    t.match(wrapArgv(container([program, 'x']), wrapper, undefined), { reason: 'pid1_entrypoint' });
    t.match(wrapArgv(container([]), wrapper, image([program])), { reason: 'pid1_entrypoint' });
    t.match(wrapArgv(container([]), wrapper, image([], [program])), { reason: 'pid1_entrypoint' });
    t.match(wrapArgv(container([], [program]), wrapper, image([])), { reason: 'pid1_entrypoint' });
    t.match(wrapArgv(container([], [program]), wrapper, image(['/entry'])), { reason: 'pid1_entrypoint' });
    t.match(wrapArgv(container([], [program]), wrapper, image([...wrapper, 'tini', '--'])), {
      reason: 'pid1_entrypoint',
    });
  }
  for (const program of ['/app/init', 'tini', '/usr/bin/dumb-init', '/initdb', 'sh']) {
    t.match(wrapArgv(container([program, '/app']), wrapper, undefined), { command: [...wrapper, program, '/app'] });
  }
  t.end();
});

t.test('E17: both shapes of a wrapped argv are known as done', (t) => {
  t.ok(isWrapped([...wrapper, '/app'], wrapper), 'wrapper and program in command');
  t.ok(isWrapped(wrapper, wrapper), 'the wrapper alone, the rest in args');
  t.ok(isWrapped([...longWrapper, '/app'], longWrapper));
  t.notOk(isWrapped(['/cws/cws-instrumentation', 'trace', '--async', '--', '/app'], longWrapper));
  t.ok(runsWrapper(['/cws/cws-instrumentation', 'trace', '--async'], longWrapper), 'other flags');
  t.notOk(isWrapped(['/app', ...wrapper], wrapper));
  t.notOk(isWrapped([], wrapper));
  t.notOk(runsWrapper([], wrapper));
  t.ok(needsImage(container([], ['x'])));
  t.notOk(needsImage(container(['/app'])));
  t.end();
});

t.test('E6: a literal is itself after the kubelet’s expansion, whatever the variables', (t) => {
  const piece = fc.constantFrom('$', '$$', '(', ')', 'A', '$(A)', '$(', 'é', ' ');
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(
      text,
      (one) =>
        expand(
          literal(one),
          new Map([
            ['A', 'x'],
            ['', 'y'],
          ]),
        ) === one,
    ),
  );
  t.equal(literal('plain'), 'plain');
  t.end();
});

t.test('the model of the kubelet agrees with what the documentation and a node say', (t) => {
  const variables = new Map([['VAR', 'value']]);
  const seen: readonly (readonly [string, string])[] = [
    ['$(VAR)', 'value'],
    ['a$(VAR)b$(VAR)', 'avaluebvalue'],
    ['$(NONE)', '$(NONE)'],
    ['$$', '$'],
    ['$$(VAR)', '$(VAR)'],
    ['$$$(VAR)', '$value'],
    ['$$$$(VAR)', '$$(VAR)'],
    ['$VAR', '$VAR'],
    ['$', '$'],
    ['$(VAR', '$(VAR'],
    ['$($(VAR))', '$($(VAR))'],
    ['foo$', 'foo$'],
  ];
  for (const [text, wanted] of seen) t.equal(expand(text, variables), wanted, text);
  t.end();
});

t.test('F11: a first word that the wrapper would take for an option of its own is no entrypoint', (t) => {
  const option = { reason: 'entrypoint_is_option' };
  const shown = (given: ContainerView, config?: ImageOutcome, enforced = false) =>
    wrapArgv(given, wrapper, config, enforced);
  t.match(shown(container(['--version', '/app'])), {
    ...option,
    detail: 'the tracer would take --version for an option of its own',
  });
  t.match(shown(container(['-'])), option);
  t.match(shown(container([], ['--version']), image([])), option, 'args behind an image without an entrypoint');
  t.match(shown(container([]), image(['-x', '/app'])), option, 'an image’s entrypoint');
  t.match(shown(container([]), image([], ['-x', '/app'])), option, 'an image’s command');
  t.match(shown(container([]), image([...wrapper, '--version'])), option, 'an image that was built with the wrapper');
  for (const [given, config] of [
    [container(['/app', '--version'])],
    [container(['sh', '-c', 'x'])],
    [container([], ['--port=80']), image(['/app'])],
    [container([]), image(['$(A)'])],
  ] as const) {
    t.notMatch(shown(given, config), option);
  }
  t.match(wrapArgv(container(['--version']), longWrapper, undefined), { command: [...longWrapper, '--version'] });
  t.end();
});

t.test('F11: a first word that the kubelet makes an option of is one, too', (t) => {
  const option = { reason: 'entrypoint_is_option' };
  const shown = (word: string, value: ContainerView['value'], enforced: boolean) =>
    wrapArgv({ ...container([word]), value }, wrapper, undefined, enforced);
  const a = (text: string) => ({ env: [{ name: 'A', value: text }] });
  for (const enforced of [false, true]) {
    t.match(shown('$(A)', a('--version'), enforced), option);
    t.match(shown('$(A)--version', a(''), enforced), option, 'an empty value leaves the rest');
    t.match(shown('$(A)', { env: [...a('/app').env, ...a('-x').env] }, enforced), option, 'the last one counts');
    for (const word of ['$(A)', '$(A)/bin/app']) t.notMatch(shown(word, a('/usr'), enforced), option);
    t.notMatch(shown('$(A)-x', {}, enforced), option, 'a variable that there is none of stays as it is written');
    t.notMatch(shown('$$(A)', a('--version'), enforced), option, 'escaped');
  }
  const unknown = [
    { envFrom: [{ configMapRef: { name: 'x' } }] },
    { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'x', key: 'a' } } }] },
    a('$(B)'),
  ];
  for (const value of unknown) {
    t.match(shown('$(A)', value, true), { ...option, detail: /the value of A is not in the pod/ });
    t.notMatch(shown('$(A)', value, false), option, 'what worked goes on working where nobody is an adversary');
  }
  t.end();
});
