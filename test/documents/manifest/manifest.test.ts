import fc from 'fast-check';
import t from 'tap';
import { readManifests } from '../../../src/documents/manifest/manifest.js';
import { editDocument } from '../../../src/documents/edit/edit.js';
import { jsonObject, writing, Writer } from '../generated.js';

const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: a\n';

t.test('property: the texts of the documents joined are the input', (t) => {
  const joint = fc.constantFrom('---\n', '...\n---\n', '--- # next\n', '...\n# c\n---\n');
  fc.assert(
    fc.property(fc.array(fc.tuple(jsonObject, writing, joint), { minLength: 1, maxLength: 4 }), (documents) => {
      const plain = { head: '', tail: '', finalNewline: true };
      const text = documents
        .map(([value, how, sep]) => `${sep}${new Writer({ ...how, ...plain }).document(value)}`)
        .join('');
      const read = readManifests(text, 'f');
      if (read.map((each) => each.text).join('') !== text) throw new Error('not the input');
      const values = read.map(({ value }) => value).filter((value) => value !== null);
      t.equal(JSON.stringify(values), JSON.stringify(documents.map(([value]) => value)));
    }),
    { numRuns: 100 },
  );
  t.end();
});

t.test('property: JSON documents one behind the other', (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(jsonObject, fc.constantFrom(0, 2)), { minLength: 1, maxLength: 4 }), (documents) => {
      const text = documents.map(([value, indent]) => `${JSON.stringify(value, null, indent)}\n`).join('');
      const read = readManifests(text, 'f');
      t.equal(read.map((each) => each.text).join(''), text);
      t.equal(JSON.stringify(read.map(({ value }) => value)), JSON.stringify(documents.map(([value]) => value)));
    }),
    { numRuns: 100 },
  );
  t.end();
});

t.test('editing one document of a stream leaves the others byte for byte', (t) => {
  const text = `\uFEFF# head\r\n---\n${pod}--- # other\r\na:   [1,2 ]\r\n...\n# tail\n`;
  const read = readManifests(text, 'f');
  const edited = read.map((each) =>
    each.kind === 'Pod'
      ? editDocument(each.text, [{ op: 'add', path: '/metadata/labels', value: { a: 'b' } }])
      : each.text,
  );
  t.equal(edited.join(''), text.replace('{name: p}', '{name: p, labels: {a: b}}'));
  t.end();
});

t.test('pod templates of every kind', (t) => {
  const template = { metadata: {}, spec: { containers: [{ name: 'a' }] } };
  const inSpec = { template };
  const table: readonly [string, string, object, string][] = [
    ['v1', 'Pod', template, ''],
    ['v1', 'PodTemplate', { template }, '/template'],
    ['v1', 'ReplicationController', { spec: inSpec }, '/spec/template'],
    ['apps/v1', 'Deployment', { spec: inSpec }, '/spec/template'],
    ['apps/v1', 'ReplicaSet', { spec: inSpec }, '/spec/template'],
    ['apps/v1', 'StatefulSet', { spec: inSpec }, '/spec/template'],
    ['apps/v1', 'DaemonSet', { spec: inSpec }, '/spec/template'],
    ['batch/v1', 'Job', { spec: inSpec }, '/spec/template'],
    ['batch/v1', 'CronJob', { spec: { jobTemplate: { spec: inSpec } } }, '/spec/jobTemplate/spec/template'],
  ];
  for (const [apiVersion, kind, body, path] of table) {
    const object = { apiVersion, kind, ...body };
    const found = readManifests(JSON.stringify(object), 'f')[0]?.templates ?? [];
    t.match(found, [{ path, kind }], kind);
    const list = { kind: 'List', items: [{ kind: 'ConfigMap' }, { kind: 'List', items: [object] }] };
    t.match(readManifests(JSON.stringify(list), 'f')[0]?.templates, [{ path: `/items/1/items/0${path}`, kind }]);
  }
  const typed = { kind: 'DeploymentList', apiVersion: 'apps/v1', items: [{ metadata: { name: 'd' }, spec: inSpec }] };
  t.match(readManifests(JSON.stringify(typed), 'f')[0]?.templates, [{ path: '/items/0/spec/template', name: 'd' }]);
  for (const other of [
    'kind: ConfigMap\n',
    '- 1\n',
    'text\n',
    '',
    '# c\n',
    'apiVersion: x.dev/v1\nkind: Deployment\nspec: 1\n',
  ]) {
    t.strictSame(
      readManifests(other, 'f').flatMap(({ templates }) => templates),
      [],
      JSON.stringify(other),
    );
  }
  t.end();
});

t.test('values as kubectl reads them', (t) => {
  const text =
    'a: yes\nb: 0644\nc: 1:30\nd: 2001-01-01\ne: 0o17\nf: 1e3\ng: "yes"\nh: ~\ni: |\n  x\nbase: &b {x: 1, z: 2}\nm:\n  <<: *b\n  z: 3\n';
  t.strictSame(readManifests(text, 'f')[0]?.value, {
    ...{ a: true, b: 420, c: '1:30', d: '2001-01-01', e: 15, f: 1000, g: 'yes', h: null, i: 'x\n' },
    ...{ base: { x: 1, z: 2 }, m: { x: 1, z: 3 } },
  });
  t.end();
});

t.test('bad input names file, line, column, and what is wrong', (t) => {
  const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let index = 1; index < 9; index += 1)
    bomb.push(
      `a${index}: &a${index} [${Array(9)
        .fill(`*a${index - 1}`)
        .join(', ')}]`,
    );
  const table: readonly [string, RegExp][] = [
    ['a: 1\nb: [1\n', /^f:3:1: /],
    [`${pod}---\na: 1\nb: 2\na: 3\n`, /^f:10:1:.*"a" is there twice/],
    ['{"a": 1, "a": 2}', /^f:1:10:.*"a" is there twice/],
    ['{"a": 1}\n{"b": }', /^f:2:7: at \/b: a JSON value is expected/],
    ['{"a": "x', /not closed/],
    ['a: *x\n', /the alias \*x has no anchor/],
    ['a: &x [*x]\n', /inside its own anchor/],
    [bomb.join('\n'), /more than 100000 values/],
    [`${'['.repeat(5000)}${']'.repeat(5000)}`, /deeper than 200/],
    [`a: ${'['.repeat(300)}${']'.repeat(300)}`, /deeper than 200/],
    ['? [a]\n: b\n', /a key must be a string/],
    ['a:\n  <<: 1\n', /merge key/],
    ['kind: Pod\nspec:\n  containers: {}\n', /^f:3:15: at \/spec\/containers: must be a list/],
    ['kind: Pod\nspec:\n  containers:\n  - 1\n', /^f:4:5: at \/spec\/containers\/0: must be a mapping/],
    ['kind: Pod\nspec: 7\n', /at \/spec: must be a mapping/],
    ['kind: Pod\nmetadata: 7\n', /at \/metadata: must be a mapping/],
    ['kind: Pod\nmetadata: {labels: 7}\n', /at \/metadata\/labels: must be a mapping/],
    ['kind: PodTemplate\ntemplate: 7\n', /at \/template: must be a mapping/],
  ];
  for (const [text, message] of table) {
    t.throws(() => readManifests(text, 'f'), { code: 'manifest_invalid', file: 'f', message }, text.slice(0, 40));
  }
  t.end();
});
