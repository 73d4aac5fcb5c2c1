import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import t from 'tap';
import { readManifests } from '../../../src/documents/manifest/manifest.js';
import { objectOf, type JsonValue } from '../../../src/model/json.js';
import { workplace } from '../harness.js';
import { images, kinds, pod, shop, withSysdig } from '../manifests.js';

const quiet = [...withSysdig, '--quiet'];

t.test('every kind, written as JSON in any indentation, is given back: data and key order', async (t) => {
  const place = await workplace(t);
  for (const [kind, { object }] of Object.entries(kinds)) {
    for (const indent of [0, 2, 4]) {
      const stdin = JSON.stringify(object, undefined, indent);
      const injected = await place.outrider(['inject', '-f', '-', ...quiet], { stdin });
      t.not(injected.stdout, stdin, kind);
      const back = await place.outrider(['uninject', '-f', '-', '-q'], { stdin: injected.stdout });
      t.equal(back.code, 0, back.stderr);
      t.equal(JSON.stringify(JSON.parse(back.stdout)), JSON.stringify(object), `${kind} with indent ${indent}`);
    }
  }
});

t.test('uninject after inject is identity for pods with fields and metadata of any kind', async (t) => {
  const place = await workplace(t);
  const value = fc.jsonValue({ maxDepth: 2, noUnicodeString: false });
  const extra = fc.dictionary(fc.stringMatching(/^x-[a-z~/.]{0,6}$/), value, { maxKeys: 3, noNullPrototype: true });
  const strings = fc.dictionary(fc.stringMatching(/^[a-z./]{1,8}$/), fc.string({ maxLength: 8 }), {
    maxKeys: 2,
    noNullPrototype: true,
  });
  const metadata = fc.oneof(
    fc.constant({}),
    fc.record({ metadata: fc.record({ labels: strings, annotations: strings }, { requiredKeys: [] }) }),
  );
  await fc.assert(
    fc.asyncProperty(metadata, extra, extra, fc.boolean(), async (about, inSpec, inContainer, first) => {
      const container = { name: 'app', ...inContainer, command: ['/app', '$(X)'] };
      const spec = first ? { ...inSpec, containers: [container] } : { containers: [container], ...inSpec };
      const stdin = JSON.stringify({ kind: 'Pod', ...about, spec });
      const injected = await place.outrider(['inject', '-f', '-', ...quiet], { stdin });
      const back = await place.outrider(['uninject', '-f', '-', '-q'], { stdin: injected.stdout });
      t.equal(back.stderr, '');
      t.equal(JSON.stringify(JSON.parse(back.stdout)), stdin);
    }),
    { numRuns: 60 },
  );
});

t.test('edits elsewhere stay, and a document without the annotation stays as it is, and that is said', async (t) => {
  const place = await workplace(t, { 'shop.yaml': shop, 'images.json': images });
  const inject = ['inject', '-f', 'shop.yaml', '--image-config', 'images.json', '-i', ...quiet];
  t.equal((await place.outrider(inject)).code, 0);
  const edited = (await place.read('shop.yaml')).replace('replicas: 2', 'replicas: 3 # more') + `---\n${pod}`;
  await place.write('shop.yaml', edited);
  const { code, stdout, stderr } = await place.outrider(['uninject', '-f', 'shop.yaml']);
  t.equal(code, 0);
  t.equal(stdout, `${shop.replace('replicas: 2', 'replicas: 3 # more')}---\n${pod}`);
  t.match(stderr, /✓ {2}shop.yaml:13 +deploy\/web {2}restored\n/);
  t.match(stderr, /– {2}shop.yaml:\d+ +pod\/one +unchanged: no annotation outrider.dev\/undo\n/);
  t.match(stderr, '2 pod templates: 1 restored.');

  const foreign = pod.replace('name: one', 'name: one\n  labels: {outrider.dev/status: injected}');
  const ran = await place.outrider(['uninject', '-f', '-'], { stdin: foreign });
  t.match(ran, { code: 0, stdout: foreign, stderr: /instrumented, but not by inject/ });
  const json = await place.outrider(['uninject', '-f', '-', '--report', 'json'], { stdin: foreign });
  t.match(JSON.parse(json.stderr), {
    templates: [
      { file: '-', document: 1, line: 1, pointer: '', kind: 'Pod', name: 'one', restored: false, instrumented: true },
    ],
    summary: { files: 1, templates: 1, restored: 0 },
  });
});

t.test('what was edited since where it has to be taken back is an error, and its file is not written', async (t) => {
  const place = await workplace(t, { 'a.yaml': pod, 'b.yaml': pod });
  t.equal((await place.outrider(['inject', '-f', '.', '-i', ...quiet])).code, 0);
  const injected = await place.read('a.yaml');
  const edited = injected.replace('instrument, /app', 'instrument, /other');
  await place.write('b.yaml', edited);
  const stale = await place.outrider(['uninject', '-f', '.', '-i']);
  t.match(stale, { code: 2, stdout: '' });
  t.match(stale.stderr, /^outrider: error: b.yaml:1: \/spec\/containers\/0\/command is not what .* edited since/m);
  t.equal(await place.read('b.yaml'), edited, 'the file that was edited is left as it is');
  t.equal(await place.read('a.yaml'), pod, 'W34: the other is given back');
  t.same((await readdir(place.cwd)).sort(), ['a.yaml', 'b.yaml']);

  const nonsense = injected.replace(/outrider.dev\/undo: .*/, 'outrider.dev/undo: mine');
  const ran = await place.outrider(['uninject', '-f', '-'], { stdin: nonsense });
  t.match(ran, { code: 2, stdout: '', stderr: /^outrider: error: -:1: the annotation outrider.dev\/undo is not JSON/ });
});

t.test('the outputs of inject', async (t) => {
  const place = await workplace(t);
  const { stdout: stdin } = await place.outrider(['inject', '-f', '-', ...quiet], { stdin: pod });
  const diff = await place.outrider(['uninject', '-f', '-', '-o', 'diff', '-q'], { stdin });
  t.match(diff.stdout, '-      command: [/opt/draios/bin/instrument, /app]\n');
  const patch = await place.outrider(['uninject', '-f', '-', '-o', 'patch', '-q'], { stdin });
  t.match(JSON.parse(patch.stdout), [{ file: '-', document: 1, kind: 'Pod', pointer: '' }]);
  const json = await place.outrider(['uninject', '-f', '-', '-o', 'json', '-q'], { stdin });
  t.same(JSON.parse(json.stdout), readManifests(pod, '-')[0]?.value);
  t.match(await place.outrider(['uninject', '-f', '-', '--check', '-q'], { stdin: pod }), { code: 0, stdout: '' });
});

/** An object as the API server of Kubernetes 1.36.3 gave it back to `kubectl get -o yaml --show-managed-fields`. */
const servedObject = (name: string): string =>
  readFileSync(new URL(`../../../../test/fixtures/served/${name}.yaml`, import.meta.url), 'utf8');

/** What of an object is its author's, or a default: not what differs between any two of the cluster's objects. */
function ofTheAuthor(text: string): JsonValue {
  const object = objectOf(readManifests(text.replace(/kube-api-access-\w+/g, 'kube-api-access-x'), '-')[0]?.value);
  const { status, metadata, ...rest } = object ?? {};
  const { managedFields, annotations, uid, resourceVersion, creationTimestamp, ...named } = objectOf(metadata) ?? {};
  for (const field of [status, managedFields, annotations, uid, resourceVersion, creationTimestamp]) {
    if (field === undefined) throw new Error('this is not out of a cluster');
  }
  const keys = Object.keys(objectOf(annotations) ?? {}).filter((key) => !key.endsWith('/revision'));
  return { ...rest, metadata: named, annotations: keys };
}

t.test('W17: what the API server gives back of an injected object is taken back as well', async (t) => {
  const place = await workplace(t);
  for (const kind of ['deployment', 'pod']) {
    for (const profile of ['sysdig', 'datadog']) {
      const stdin = servedObject(`${kind}-${profile}`);
      const back = await place.outrider(['uninject', '-f', '-', '-q'], { stdin });
      t.match(back, { code: 0, stderr: '' });
      t.same(ofTheAuthor(back.stdout), ofTheAuthor(servedObject(`${kind}-plain`)), `${kind}, ${profile}`);
      const patch = await place.outrider(['uninject', '-f', '-', '-q', '-o', 'patch'], { stdin });
      t.equal(patch.code, 0);
      const edited = stdin.replace(/^( +)terminationMessagePath: .*/gm, '$1terminationMessagePath: /mine');
      t.match(await place.outrider(['uninject', '-f', '-'], { stdin: edited }), { code: 2, stderr: /edited since/ });
    }
  }
});
