import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import { isObject, type JsonObject } from '../../../src/model/json.js';
import { at } from '../../support/json.js';
import { workplace } from '../harness.js';

function dataIn(text: string): JsonObject {
  const value: unknown = parse(text);
  return isObject(value) ? value : {};
}

const policy = `
  apiVersion: outrider.dev/v1alpha1
  kind: InstrumentationPolicy
  metadata: { name: shop }
  spec: { profile: { name: sysdig, settings: { region: us2 } } }
`;

/** A ResourceList as kustomize writes it. */
function listOf(functionConfig: string, command = 'command: [/app, serve] # its own program'): string {
  return `apiVersion: config.kubernetes.io/v1
kind: ResourceList
items:
# The shop's front.
- apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: web
    annotations:
      internal.config.kubernetes.io/path: 'shop/web.yaml'
      internal.config.kubernetes.io/index: '1'
  spec:
    template:
      spec:
        containers:
        - name: web # the one
          image: acme/web:1
          ${command}
- apiVersion: v1
  kind: ConfigMap # kept
  metadata: {name: "x"}
functionConfig:${functionConfig}`;
}

t.test('items are instrumented where they stand, and the rest stays byte for byte', async (t) => {
  const ran = await (await workplace(t)).outrider(['fn'], { stdin: listOf(policy) });
  t.match(ran, { code: 0, stderr: '' });
  t.ok(ran.stdout.startsWith("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n# The shop's front.\n"));
  t.match(ran.stdout, '- name: web # the one');
  t.match(ran.stdout, 'command: [/opt/draios/bin/instrument, /app, serve] # its own program');
  t.match(ran.stdout, '  kind: ConfigMap # kept\n  metadata: {name: "x"}\nfunctionConfig:');
  t.same(at(dataIn(ran.stdout), 'results'), [
    {
      message: 'deploy/web: inject, injected',
      severity: 'info',
      resourceRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      field: { path: 'spec.template' },
      file: { path: 'shop/web.yaml', index: 1 },
      tags: { decision: 'inject', reason: 'injected', policy: 'shop' },
    },
  ]);
  const again = await (await workplace(t)).outrider(['fn'], { stdin: ran.stdout });
  t.equal(again.stdout, ran.stdout, 'a second run changes nothing');
});

t.test('policies come as an InstrumentFunction, as one policy, or as files in a ConfigMap', async (t) => {
  const forms = {
    function: `
  apiVersion: outrider.dev/v1alpha1
  kind: InstrumentFunction
  policies:
  -${policy.replaceAll('\n  ', '\n    ').replace('\n   ', '')}
  facts: { images: { acme/web:1: { entrypoint: [/app] } }, cluster: { toolsImage: mine/tools } }
`,
    policy,
    map: `
  apiVersion: v1
  kind: ConfigMap
  data:
    policy.yaml: |${policy.replaceAll('\n', '\n    ')}
`,
  };
  for (const [name, form] of Object.entries(forms)) {
    const ran = await (await workplace(t)).outrider(['fn'], { stdin: listOf(form) });
    t.match(ran, { code: 0, stdout: /status: injected/ }, `${name}: ${ran.stderr}`);
    if (name === 'function') t.match(ran.stdout, 'image: mine/tools');
  }
});

t.test('what a policy denies, and what failOn names, is an error, and no item is changed: 1', async (t) => {
  const none = 'args: [serve]';
  const secure = policy.replace('spec: {', 'spec: { prefer: Security,');
  const input = listOf(secure, none);
  const ran = await (await workplace(t)).outrider(['fn'], { stdin: input });
  t.equal(ran.code, 1);
  t.match(
    ran.stderr,
    /^outrider: error: deploy\/web: deny, image_unresolved: web: acme\/web:1 is in no image map\. Fix: /,
  );
  t.ok(ran.stdout.startsWith(input));
  t.match(at(dataIn(ran.stdout), 'results'), [{ severity: 'error', tags: { decision: 'deny' } }]);

  const open = await (await workplace(t)).outrider(['fn'], { stdin: listOf(policy, none) });
  t.match(open, { code: 0, stderr: /^outrider: warning: deploy\/web: skip, image_unresolved/ });
  const config = `
  apiVersion: outrider.dev/v1alpha1
  kind: InstrumentFunction
  failOn: [Skip]
  policies:
  -${policy.replaceAll('\n  ', '\n    ').replace('\n   ', '')}`;
  const failing = await (await workplace(t)).outrider(['fn'], { stdin: listOf(config, none) });
  t.match(failing, { code: 1, stderr: /^outrider: error: deploy\/web: skip/ });
});

t.test('an item that was not looked at is a warning, and an error under a policy that prefers security', async (t) => {
  const fleet = (config: string) =>
    listOf(config).replace('apiVersion: apps/v1\n  kind: Deployment', 'apiVersion: a.dev/v1\n  kind: Fleet');
  t.match(await (await workplace(t)).outrider(['fn'], { stdin: fleet(policy) }), {
    code: 0,
    stderr: /^outrider: warning: fleet\/web: not_looked_at/,
  });
  const secure = policy.replace('spec: {', 'spec: { prefer: Security,');
  t.match(await (await workplace(t)).outrider(['fn'], { stdin: fleet(secure) }), { code: 1 });
});

t.test('no registry is asked unless the function says so', async (t) => {
  const ran = await (
    await workplace(t)
  ).outrider(['fn'], { stdin: listOf(policy, 'args: []'), env: { OUTRIDER_LOOKUP: 'true' } });
  t.match(ran, { code: 0, stderr: /is in no image map/ });
});

t.test('bad input is 2, and nothing is printed', async (t) => {
  const bad: readonly (readonly [string, RegExp])[] = [
    ['kind: List\nitems: []\n', /standard input is no ResourceList/],
    ['', /standard input is no ResourceList/],
    ['kind: ResourceList\nitems: []\n', /functionConfig is missing/],
    [listOf('\n  kind: Other\n'), /functionConfig is of kind Other; give an InstrumentFunction/],
    [listOf('\n  apiVersion: v1\n  kind: ConfigMap\n  data: { region: us2 }\n'), /data.region is no file of policies/],
    [listOf(policy.replace('region: us2', 'zone: 1')), /zone/],
    [
      listOf('\n  apiVersion: outrider.dev/v1alpha1\n  kind: InstrumentFunction\n  policies: []\n'),
      /functionConfig: policies is an empty list/,
    ],
    [
      listOf('\n  apiVersion: outrider.dev/v1alpha1\n  kind: InstrumentFunction\n  policies: [{ kind: Pod }]\n'),
      /functionConfig policies\[0\].*Pod, which is no configuration/,
    ],
  ];
  for (const [stdin, words] of bad) {
    t.match(await (await workplace(t)).outrider(['fn'], { stdin }), { code: 2, stdout: '', stderr: words }, stdin);
  }
});

t.test('the example for kustomize is a functionConfig', async (t) => {
  const read = (name: string) => readFileSync(`deploy/pipelines/kustomize/${name}`, 'utf8');
  const indent = (text: string) => text.replaceAll('\n', '\n  ');
  const item = `- ${indent(read('web.yaml').replace(/^#.*\n/, ''))}`;
  const stdin = `kind: ResourceList\nitems:\n${item}\nfunctionConfig:\n  ${indent(read('outrider.yaml'))}\n`;
  t.match(await (await workplace(t)).outrider(['fn'], { stdin }), { code: 0, stderr: '', stdout: /status: injected/ });
});
