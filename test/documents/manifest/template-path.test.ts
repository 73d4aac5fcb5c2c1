import t from 'tap';
import { readManifests } from '../../../src/documents/manifest/manifest.js';
import { parseTemplatePath, type TemplatePath } from '../../../src/documents/manifest/template-path.js';
import { allWorkloadKinds } from '../../../src/model/workload-kinds.js';

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'a/web:1' }] } };

t.test('W21: the templates of every kind of the table, alone, in a List and in OpenShift’s Template', (t) => {
  for (const { kind, group, version, templates } of allWorkloadKinds) {
    const apiVersion = group === '' ? version : `${group}/${version}`;
    for (const path of templates) {
      const object = { apiVersion, kind, metadata: { name: 'x' }, ...nested(path) };
      const pointer = path.map((key) => `/${key === '*' ? '0' : key}`).join('');
      const [document] = readManifests(JSON.stringify(object), 'f');
      t.match(document?.templates, [{ path: pointer, kind, apiVersion }], `${kind} of ${apiVersion}`);
      t.same(document?.unseen, []);
      const list = { apiVersion: 'v1', kind: 'List', items: [object] };
      t.match(readManifests(JSON.stringify(list), 'f')[0]?.templates, [{ path: `/items/0${pointer}`, kind }]);
      const typed = { apiVersion, kind: `${kind}List`, items: [{ ...object, apiVersion: undefined, kind: undefined }] };
      t.match(readManifests(JSON.stringify(typed), 'f')[0]?.templates, [{ path: `/items/0${pointer}`, apiVersion }]);
      const held = { apiVersion: 'template.openshift.io/v1', kind: 'Template', objects: [object] };
      t.match(readManifests(JSON.stringify(held), 'f')[0]?.templates, [{ path: `/objects/0${pointer}`, kind }]);
    }
  }
  t.end();
});

t.test('W21: several templates of one object are told apart', (t) => {
  const parts = (object: object) =>
    readManifests(JSON.stringify({ metadata: { name: 'x' }, ...object }), 'f')[0]?.templates.map(({ part }) => part);
  const volcano = { apiVersion: 'batch.volcano.sh/v1alpha1', kind: 'Job' };
  t.same(parts({ ...volcano, spec: { tasks: [{ name: 'ps', template }, { template }] } }), ['ps', '1']);
  const lws = { leaderWorkerTemplate: { leaderTemplate: template, workerTemplate: template } };
  t.same(parts({ apiVersion: 'leaderworkerset.x-k8s.io/v1', kind: 'LeaderWorkerSet', spec: lws }), [
    'leaderTemplate',
    'workerTemplate',
  ]);
  t.same(parts({ apiVersion: 'apps/v1', kind: 'Deployment', spec: { template } }), [undefined]);
  t.end();
});

t.test('W21: --template-path in each way of writing it', (t) => {
  const table: readonly (readonly [string, TemplatePath])[] = [
    ['Fleet=spec.template', { kind: 'Fleet', path: ['spec', 'template'] }],
    ['Fleet=.spec.template', { kind: 'Fleet', path: ['spec', 'template'] }],
    ['Fleet=/spec/template', { kind: 'Fleet', path: ['spec', 'template'] }],
    ['Job.batch.volcano.sh=spec.tasks[*].template', { kind: 'Job', group: 'batch.volcano.sh', path: listed('*') }],
    ['X=spec.tasks[].template', { kind: 'X', path: listed('*') }],
    ['X=spec.tasks.*.template', { kind: 'X', path: listed('*') }],
    ['X=/spec/tasks/*/template', { kind: 'X', path: listed('*') }],
    ['X=/spec/tasks/a~1b/template', { kind: 'X', path: listed('a/b') }],
  ];
  for (const [text, path] of table) t.same(parseTemplatePath(text), path, text);
  for (const wrong of ['Fleet', 'Fleet=', '=spec.template', 'Fleet=spec..template', 'a b=spec', 'Fleet=/', '']) {
    t.throws(() => parseTemplatePath(wrong), { code: 'usage', message: /is not of the form KIND=PATH; write / }, wrong);
  }
  t.throws(() => parseTemplatePath('Fleet=spec.template.spec.containers'), { message: /: Fleet=spec\.template\.$/ });
  t.throws(() => parseTemplatePath('Fleet=spec.pod.containers'), { message: /: Fleet=spec\.pod\.$/ });
  t.end();
});

t.test('W21: a path adds a kind, by its group where it names one, and one way more to a kind of the table', (t) => {
  const found = (object: object, ...added: readonly string[]) =>
    readManifests(JSON.stringify(object), 'f', added.map(parseTemplatePath))[0]?.templates.map(({ path }) => path);
  const fleet = { apiVersion: 'agones.dev/v1', kind: 'Fleet', spec: { pods: { a: template, 'b/c': template } } };
  t.same(found(fleet), []);
  t.same(found(fleet, 'Fleet=spec.pods.*'), ['/spec/pods/a', '/spec/pods/b~1c']);
  t.same(found(fleet, 'Fleet.agones.dev=spec.pods.a', 'Fleet=spec.pods.*'), ['/spec/pods/a', '/spec/pods/b~1c']);
  t.same(found(fleet, 'Fleet.example.com=spec.pods.*'), []);
  t.same(found(fleet, 'Fleet=spec.nowhere.*', 'Fleet=spec.pods.a.spec.containers.0'), []);
  const both = { apiVersion: 'apps/v1', kind: 'Deployment', spec: { template, other: template } };
  t.same(found(both, 'Deployment=spec.other', 'Deployment=spec.template'), ['/spec/template', '/spec/other']);
  t.end();
});

function listed(key: string): readonly string[] {
  return ['spec', 'tasks', key, 'template'];
}

/** An object with the template where a path leads. */
function nested([key, ...rest]: readonly string[]): object {
  if (key === undefined) return template;
  return key === '*' ? [nested(rest)] : { [key]: nested(rest) };
}
