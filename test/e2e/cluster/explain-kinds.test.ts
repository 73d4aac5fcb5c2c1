import t from 'tap';
import { isObject, listOf, type JsonValue } from '../../../src/model/json.js';
import { allWorkloadKinds, type WorkloadKind } from '../../../src/model/workload-kinds.js';
import { startApiServer } from './api-server.js';
import { applyAll, applyText } from './apply.js';
import { withoutRegistry, type Ran } from './cli.js';

t.setTimeout(900_000);

const builtIn: ReadonlySet<string> = new Set(['', 'apps', 'batch']);
const custom = allWorkloadKinds.filter(({ group }) => !builtIn.has(group));
const policy = ['--profile', 'sysdig', '--set', 'region=us2'];

/** Definitions of our own: of each kind its names, and room for any field. */
function definitionOf({ group, version, kind, plural, short }: WorkloadKind): object {
  const isCluster = kind.startsWith('Cluster');
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: isCluster ? 'Cluster' : 'Namespaced',
      names: {
        plural,
        kind,
        singular: kind.toLowerCase(),
        ...(short === undefined ? {} : { shortNames: [short] }),
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  };
}

const template = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image: 'a/web:1', command: ['/app'] }] },
};

function nested([key, ...rest]: readonly string[]): JsonValue {
  if (key === undefined) return template;
  return key === '*' ? [nested(rest)] : { [key]: nested(rest) };
}

function merged(one: JsonValue, other: JsonValue): JsonValue {
  if (!isObject(one) || !isObject(other)) return other;
  const keys = Object.keys({ ...one, ...other });
  return Object.fromEntries(
    keys.map((key) => {
      const [left, right] = [one[key], other[key]];
      return [key, left === undefined ? right : right === undefined ? left : merged(left, right)];
    }),
  );
}

function objectOf({ group, version, kind, templates }: WorkloadKind): object {
  const bodies = templates.map(nested);
  const body =
    bodies.length === 0
      ? { spec: { templates: [{ name: 'main', container: { image: 'a/web:1' } }] } }
      : bodies.reduce(merged);
  const head = { apiVersion: `${group}/${version}`, kind, metadata: { name: 'web', namespace: 'shop' } };
  return isObject(body) ? { ...body, ...head } : head;
}

function run(kubeconfig: string, parameters: readonly string[]): Promise<Ran> {
  return withoutRegistry(kubeconfig, ['explain', ...parameters, '-n', 'shop', ...policy, '--kubeconfig', kubeconfig]);
}

t.test('W21: an object of each kind that others define is explained, by each of its names', async (t) => {
  const api = await startApiServer({ controllerManager: false });
  t.teardown(() => api.stop());
  const namespaced = custom.filter(({ kind }) => !kind.startsWith('Cluster'));
  await applyText(api, 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n');
  await applyText(
    api,
    'apiVersion: v1\nkind: Secret\nmetadata: {name: sysdig-agent, namespace: shop}\nstringData: {access-key: k}\n',
  );
  await applyAll(api, namespaced.map(definitionOf));
  const names = namespaced.map(({ plural, group }) => `crd/${plural}.${group}`);
  t.equal((await api.kubectl(['wait', '--for=condition=Established', '--timeout=60s', ...names])).exitCode, 0);
  await applyAll(api, namespaced.map(objectOf));

  for (const row of namespaced.filter(({ templates }) => templates.length > 0)) {
    const { kind, plural, group, version, short, called, templates } = row;
    const ways = [`${called}/web`, `${plural}.${group}/web`, ...(short === undefined ? [] : [`${short}/web`])];
    for (const way of ways) {
      const ran = await run(api.kubeconfig, [way, '-o', 'json']);
      t.equal(ran.exitCode, 0, `${way}: ${ran.stderr}`);
      const found = ran.exitCode === 0 ? listOf(JSON.parse(ran.stdout)).filter(isObject) : [];
      t.match(
        found,
        templates.map(() => ({
          kind,
          apiVersion: `${group}/${version}`,
          name: 'web',
          namespace: 'shop',
          decision: 'inject',
        })),
        way,
      );
      t.equal(found.length, templates.length, `${way}: every template of it`);
    }
    const text = await run(api.kubeconfig, [`${called}/web`]);
    t.match(text.stdout, new RegExp(`^${called}/web.* INJECT 1 of 1 `));
    t.match(text.stdout, /live, from https:/);
  }

  const workflow = await run(api.kubeconfig, ['workflow/web']);
  t.equal(workflow.exitCode, 2);
  t.match(
    workflow.stderr,
    'holds containers, not pods: its controller makes them. Name one of those, such as pod/NAME.',
  );
});
