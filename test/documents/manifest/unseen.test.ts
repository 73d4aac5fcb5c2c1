import t from 'tap';
import { readManifests } from '../../../src/documents/manifest/manifest.js';
import { allWorkloadKinds } from '../../../src/model/workload-kinds.js';

const containers = [{ name: 'web', image: 'a/web:1', command: ['/app'] }];
const spec = { template: { spec: { containers } } };

t.test('W21: what looks as if it held containers is named, with what helps', (t) => {
  const table: readonly (readonly [string, object, RegExp, RegExp])[] = [
    [
      'a misspelt kind',
      { apiVersion: 'apps/v1', kind: 'Deployement', spec },
      /did you mean Deployment\?/,
      /^Write kind: Deployment\./,
    ],
    [
      'a kind in small letters',
      { apiVersion: 'apps/v1', kind: 'deployment', spec },
      /did you mean Deployment\?/,
      /Write kind/,
    ],
    [
      'a group that has no such kind',
      { apiVersion: 'app/v1', kind: 'Deployment', spec },
      /only of apps\/v1/,
      /Deployment\.app=spec\.template/,
    ],
    [
      'a kind that nobody knows',
      { apiVersion: 'agones.dev/v1', kind: 'Fleet', spec },
      /Fleet of agones.dev\/v1 is not known/,
      /--template-path Fleet\.agones\.dev=spec\.template\./,
    ],
    [
      'items of a list',
      { apiVersion: 'x.io/v1', kind: 'Set', spec: { tasks: [{ template: { spec: { containers } } }] } },
      /at \/spec\/tasks\/0\/template\/spec\/containers/,
      /Set\.x\.io=spec\.tasks\.\*\.template/,
    ],
    [
      'container for containers',
      { apiVersion: 'apps/v1', kind: 'Deployment', spec: { template: { spec: { container: containers } } } },
      /container stands where containers is meant/,
      /Rename container/,
    ],
    [
      'Containers',
      { apiVersion: 'apps/v1', kind: 'Deployment', spec: { template: { spec: { Containers: containers } } } },
      /Containers stands where containers is meant/,
      /Rename/,
    ],
    [
      'contianers',
      { apiVersion: 'v1', kind: 'Pod', spec: { contianers: containers } },
      /contianers stands where/,
      /Rename/,
    ],
    [
      'a template one level too high',
      { apiVersion: 'apps/v1', kind: 'Deployment', template: spec.template },
      /where no pod of its kind has them/,
      /webhook/,
    ],
    [
      'a pod’s spec in a field of another name',
      { apiVersion: 'serving.kserve.io/v1', kind: 'InferenceService', spec: { predictor: { containers } } },
      /InferenceService/,
      /^The webhook decides/,
    ],
    [
      'steps',
      { apiVersion: 'tekton.dev/v1', kind: 'Task', spec: { steps: [{ name: 'a', image: 'b' }] } },
      /\/spec\/steps/,
      /webhook/,
    ],
    ['no kind', { spec }, /no kind that is known/, /apiVersion and kind/],
    [
      'an object in a list',
      { kind: 'List', items: [{ kind: 'ConfigMap' }, { apiVersion: 'x.io/v1', kind: 'Y', spec }] },
      /\/items\/1\/spec/,
      /Y\.x\.io=spec\.template/,
    ],
    [
      'Fn::ForEach',
      {
        Resources: {
          'Fn::ForEach::Tasks': ['N', ['a'], { 'T${N}': { Properties: { ContainerDefinitions: [{ Image: 'a' }] } } }],
        },
      },
      /CloudFormation expands/,
      /--template-stage Processed/,
    ],
  ];
  for (const [what, object, detail, remedy] of table) {
    const [document] = readManifests(JSON.stringify({ metadata: { name: 'x' }, ...object }), 'f');
    t.same(document?.templates, [], what);
    t.match(document?.unseen, [{ detail, remedy }], what);
    t.equal(document?.unseen.length, 1, what);
  }
  t.end();
});

t.test('W21: Argo’s workflows hold containers in every form, and no pods', (t) => {
  const kinds = allWorkloadKinds.filter(({ templates }) => templates.length === 0);
  t.same(
    kinds.map(({ kind }) => kind),
    ['Workflow', 'CronWorkflow', 'WorkflowTemplate', 'ClusterWorkflowTemplate'],
  );
  const pod = 'apiVersion: v1\nkind: Pod\nspec:\n  containers: []\n';
  const forms = [
    { container: { image: 'a' } },
    { script: { image: 'a', source: 'x' } },
    { containerSet: { containers } },
    { sidecars: [{ name: 's', image: 'a' }] },
    { resource: { action: 'create', manifest: pod } },
  ];
  for (const { kind } of kinds) {
    for (const form of forms) {
      const spec = { workflowSpec: { templates: [{ name: 'main', ...form }] } };
      const [document] = readManifests(JSON.stringify({ apiVersion: 'argoproj.io/v1alpha1', kind, spec }), 'f');
      t.match(document, { templates: [], unseen: [{ kind, detail: /holds containers, not pods/ }] });
    }
  }
  t.end();
});

t.test('W21: what speaks of containers and has none is not named', (t) => {
  const schema = {
    properties: { containers: { type: 'array', items: { properties: { image: { type: 'string' } } } } },
  };
  for (const object of [
    { apiVersion: 'v1', kind: 'ConfigMap', data: { 'pod.yaml': 'kind: Pod\nspec: {containers: []}' } },
    { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', spec: { schema } },
    { apiVersion: 'x.io/v1', kind: 'Schema', spec: { schema } },
    { apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', spec: { rules: [{ pattern: { spec: { containers } } }] } },
    { apiVersion: 'outrider.dev/v1alpha1', kind: 'InstrumentationPolicy', spec: { containers: { include: ['*'] } } },
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x' }, spec: { replicas: 3 } },
    { apiVersion: 'v1', kind: 'Service', spec: { ports: [] } },
    { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', spec: { workloadRef: { name: 'web' } } },
    { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', spec: { path: './x' } },
    { sidecars: [{ name: 'a', image: 'b' }], image: { repository: 'a' } },
    { containerDefinitions: [{ name: 'a', image: 'b' }] },
    { apiVersion: 'batch/v1', kind: 'Job', spec },
  ]) {
    t.same(readManifests(JSON.stringify(object), 'f')[0]?.unseen, [], JSON.stringify(object).slice(0, 70));
  }
  t.end();
});

t.test('W19: a kustomize patch, in each of its forms, is told to be built first', (t) => {
  const patch = (...list: readonly object[]) => deployment({ spec: { containers: list } });
  const forms: readonly object[] = [
    patch({ name: 'web', command: ['/app'], resources: {} }),
    patch({ name: 'web', env: [{ name: 'A', value: 'b' }] }),
    patch({ name: 'debug', $patch: 'delete' }),
    patch({ name: 'web', image: 'a/web:1' }, { name: 'old', image: null }),
    patch({ $patch: 'replace' }, { name: 'web', image: 'a/web:1' }),
    deployment({ spec: { $retainKeys: ['containers'], containers } }),
    deployment({ spec: { '$setElementOrder/containers': [{ name: 'web' }], containers } }),
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [{ name: 'web' }] } },
    { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources: ['deploy.yaml'] },
    { kind: 'Kustomization', resources: ['deploy.yaml'] },
    [{ op: 'add', path: '/spec/template/spec/containers/-', value: { name: 'a', image: 'b' } }],
    [
      { op: 'test', path: '/metadata' },
      { op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'b' },
    ],
  ];
  for (const form of forms) {
    const text = JSON.stringify(form);
    const [document] = readManifests(text, 'f');
    t.same(document?.templates, [], text);
    t.match(document?.unseen, [{ detail: /^a kustomiz/, remedy: /^Run `kustomize build` first/ }], text);
    t.equal(document?.unseen.length, 1, text);
  }
  t.end();
});

t.test('W19: what lacks an image for another reason is no patch', (t) => {
  const bare = [{ name: 'web', command: ['/app'] }];
  for (const object of [
    {
      apiVersion: 'apps.openshift.io/v1',
      kind: 'DeploymentConfig',
      metadata: { name: 'x' },
      spec: { template: { spec: { containers: bare } } },
    },
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: { containers: [...containers, ...bare] } },
    deployment({ metadata: { annotations: { 'outrider.dev/undo': '{}' } }, spec: { containers: bare } }),
    deployment({ spec: { containers: [{ name: 'web', image: '' }] } }),
  ]) {
    t.match(readManifests(JSON.stringify(object), 'f')[0], { templates: [{ name: 'x' }], unseen: [] });
  }
  t.end();
});

t.test('W20: a Helm template says what to do first, whatever a parser makes of it', (t) => {
  const head = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\nspec:\n  containers:\n';
  for (const text of [
    `${head}  {{- range .Values.c }}\n  - name: x\n  {{- end }}\n`,
    `${head}  - name: x\n    image: {{ .Values.image }}:{{ .Values.tag }}\n`,
    `${head}  - name: x\n    image: {{ include "x.image" . }}\n`,
    `${head}  - name: {{ $name }}\n    image: a\n`,
    `${head}  {{ toYaml .Values.containers | nindent 2 }}\n`,
    `{{- if .Values.enabled }}\n${head}  - name: a\n    image: b\n{{- end }}\n`,
    `{{ if .Values.enabled }}\n${head}  - name: a\n    image: b\n{{ end }}\n`,
    `{{/* a comment */}}\n${head}  - name: a\n    image: b\n`,
    `${head}  - name: a\n    image: b\n    args: {{ .Values.args }}\n`,
  ]) {
    const message = /^f:\d+:\d+: it is a Helm template, no manifest\. Render it first .*`helm template NAME CHART \|/;
    t.throws(() => readManifests(text, 'f'), { code: 'manifest_invalid', message }, text);
  }
  const quoted = [
    `${head}  - name: x\n    image: "{{ .Values.image }}"\n`,
    `${head}  - name: '{{ .Chart.Name }}'\n    image: a/b:1\n    command: [/app]\n`,
    `${head.replace('name: x', 'name: "{{ .Release.Name }}"')}  - name: x\n    image: a/b:1\n`,
  ];
  for (const text of quoted) {
    const [document] = readManifests(text, 'f');
    t.match(document, {
      templates: [],
      unseen: [{ detail: /^a Helm template: /, remedy: /helm template NAME CHART/ }],
    });
  }
  t.throws(
    () => readManifests('a: [\nb: "{{ $labels.x }} is down"\n', 'f'),
    { message: /^((?!Helm).)*$/s },
    'no such text',
  );
  const value = `${head}  - name: x\n    image: a/b:1\n    args: ["--format={{ .Name }}"]\n`;
  t.equal(readManifests(value, 'f')[0]?.templates.length, 1, 'a program’s own templates are its arguments');
  t.end();
});

function deployment(template: object): object {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x' }, spec: { template } };
}
