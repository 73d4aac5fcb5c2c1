import t from 'tap';
import type { JsonObject } from '../../src/model/json.js';
import { applyCompany, readCompanies, type Company } from '../support/company.js';
import { at, containerOf, members, nameOf, textOf } from '../support/json.js';
import { podOf } from '../support/pods.js';

const companies = readCompanies();

function company(name: string): Company {
  const found = companies.get(name);
  if (found === undefined) throw new Error(`no fixture ${name}`);
  return found;
}

/** A pod as it is with a native agent and a copy step of ours next to the workload. */
const pod = podOf({
  containers: [{ name: 'web', image: 'shop/web:1', command: ['/app'] }],
  initContainers: [
    { name: 'copy', image: 'agent:1', volumeMounts: [{ name: 'agent', mountPath: '/outrider' }] },
    { name: 'agent', image: 'agent:1', restartPolicy: 'Always', securityContext: { capabilities: { drop: ['ALL'] } } },
  ],
  volumes: [{ name: 'agent', emptyDir: {} }],
});

function names(of: JsonObject, list: 'containers' | 'initContainers' | 'volumes'): readonly string[] {
  return members(of, list).map(nameOf);
}

t.test('each fixture names what was read, applies, and leaves alone the pod that it is given', (t) => {
  t.ok(companies.size >= 30);
  for (const [name, one] of companies) {
    t.match(one.source, { repository: /./, version: /./ }, name);
    if (one.evidence === 'source') t.match(one.source.repository, /^[\w.-]+\/[\w.-]+(, [\w.-]+\/[\w.-]+)*$/, name);
    const before = textOf(pod);
    const after = applyCompany(pod, one);
    t.equal(textOf(pod), before, name);
    t.notMatch(textOf(after), /\{\{/, `${name}: every word has a meaning`);
    t.equal(textOf(after) === before, one.adds.length === 0, name);
    for (const kept of ['web', 'copy', 'agent']) t.equal(containerOf(after, kept)['name'], kept, name);
    const volumes = new Set(names(after, 'volumes'));
    for (const container of [...members(after, 'containers'), ...members(after, 'initContainers')])
      for (const mount of listOf(container, 'volumeMounts'))
        t.ok(volumes.has(nameOf(mount)), `${name}: ${nameOf(mount)} is a volume`);
  }
  t.end();
});

function listOf(container: JsonObject, field: string): readonly JsonObject[] {
  return members({ spec: { volumes: container[field] } }, 'volumes');
}

t.test('each variable that reaches an init container or a native agent has a shape, and is of it', (t) => {
  for (const [name, one] of companies)
    for (const container of ['agent', 'copy'])
      for (const variable of listOf(containerOf(applyCompany(pod, one), container), 'env')) {
        const shape = one.shapes?.[nameOf(variable)] ?? 'none';
        const from = at(variable, 'valueFrom', 'fieldRef', 'fieldPath');
        const text = at(variable, 'value');
        if (typeof from === 'string') t.equal(shape, `fieldRef:${from}`, `${name}: ${nameOf(variable)}`);
        else t.match(text, new RegExp(shape), `${name}: ${nameOf(variable)}`);
      }
  t.end();
});

t.test('a second call adds no container and no volume twice', (t) => {
  for (const [name, one] of companies) {
    const twice = applyCompany(applyCompany(pod, one), one);
    for (const list of ['containers', 'initContainers', 'volumes'] as const) {
      const there = names(twice, list);
      t.equal(new Set(there).size, there.length, `${name}: ${list}`);
    }
  }
  t.end();
});

t.test('an annotation keeps a container out where the actor knows one', (t) => {
  for (const [name, one] of companies) {
    if (one.skip?.means !== 'not') continue;
    const annotations = { [one.skip.annotation]: ['agent', 'copy'].join(one.skip.separator) };
    const after = applyCompany({ ...pod, metadata: { name: 'web', annotations } }, one);
    for (const kept of ['agent', 'copy']) t.same(containerOf(after, kept), containerOf(pod, kept), `${name}: ${kept}`);
    t.notSame(containerOf(after, 'web'), containerOf(pod, 'web'), name);
  }
  const only = {
    ...pod,
    metadata: { name: 'web', annotations: { 'vault.hashicorp.com/agent-inject-containers': '' } },
  };
  const vault = applyCompany(only, company('vault'));
  t.same(containerOf(vault, 'web'), containerOf(pod, 'web'));
  t.match(containerOf(vault, 'agent')['volumeMounts'], [{ name: 'vault-secrets' }], 'not init containers');
  t.end();
});

t.test('the order is that of the sources', (t) => {
  const initContainers = (name: string): readonly string[] => names(applyCompany(pod, company(name)), 'initContainers');
  t.same(initContainers('istio-native'), ['istio-init', 'istio-proxy', 'copy', 'agent']);
  t.same(initContainers('istio-classic'), ['copy', 'agent', 'istio-init']);
  t.same(initContainers('linkerd-native'), ['linkerd-init', 'linkerd-proxy', 'copy', 'agent']);
  t.same(initContainers('vault'), ['copy', 'agent', 'vault-agent-init']);
  t.same(initContainers('vault-init-first'), ['vault-agent-init', 'copy', 'agent']);
  t.same(initContainers('datadog-libraries').slice(2), ['copy', 'agent']);
  t.same(initContainers('azure-workload-identity-1.6-proxy'), ['azwi-proxy', 'copy', 'agent', 'azwi-proxy-init']);
  t.same(names(applyCompany(pod, company('istio-hold')), 'containers'), ['istio-proxy', 'web']);
  t.end();
});

t.test('steps do what their words say', (t) => {
  const restricted = applyCompany(pod, company('openshift-restricted'));
  t.same(at(containerOf(restricted, 'agent'), 'securityContext', 'capabilities', 'drop'), [
    'ALL',
    'KILL',
    'MKNOD',
    'SETGID',
    'SETUID',
  ]);
  const ofPod = podOf({ securityContext: { runAsUser: 1000660001 } });
  t.equal(
    at(containerOf(applyCompany(ofPod, company('openshift-restricted-v2')), 'web'), 'securityContext', 'runAsUser'),
    undefined,
  );
  const probed = podOf({
    containers: [{ name: 'web', image: 'shop/web', livenessProbe: { httpGet: { path: '/up', port: 80 } } }],
  });
  const rewritten = applyCompany(probed, company('istio-classic'));
  t.same(at(containerOf(rewritten, 'web'), 'livenessProbe', 'httpGet'), { path: '/app-health/web/livez', port: 15020 });
  const defaulted = containerOf(applyCompany(probed, company('api-server-defaults-1.36.3')), 'web');
  t.match(defaulted, { imagePullPolicy: 'Always', livenessProbe: { periodSeconds: 10, httpGet: { scheme: 'HTTP' } } });
  const java = podOf({ containers: [{ name: 'web', env: [{ name: 'JAVA_TOOL_OPTIONS', value: '-Xmx1g' }] }] });
  t.match(
    textOf(applyCompany(java, company('opentelemetry-java'))),
    /"-Xmx1g -javaagent:\/otel-auto-instrumentation-java-web\//,
  );
  const generated = { ...podOf(), metadata: { generateName: 'web-' } };
  t.match(names(applyCompany(generated, company('azure-workload-identity-1.6')), 'volumes'), [
    /^azure-workload-identity-reserved-[0-9a-f]{30}$/,
  ]);
  const limits = podOf({ containers: [{ name: 'web', image: 'a:1', resources: { limits: { cpu: '1' } } }] });
  t.match(containerOf(applyCompany(limits, company('api-server-defaults-1.30.14')), 'web'), {
    imagePullPolicy: 'IfNotPresent',
    resources: { requests: { cpu: '1' } },
  });
  t.end();
});
