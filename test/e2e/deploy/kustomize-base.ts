import { stringify } from 'yaml';
import { isObject, listOf, objectOf, stringOf, stringsOf, type JsonObject } from '../../../src/model/json.js';
import type { Helm, Values } from '../cluster/helm.js';

const helmsOwn = ['app.kubernetes.io/managed-by', 'helm.sh/chart'];
const base = 'deploy/kustomize/base';
const auto = 'deploy/kustomize/api-server-policies';
const off = '--api-server-policies=Off';

/**
 * The kustomize files that are made from the chart, by their paths from the root of the repository: the base, which is what the
 * chart makes of its defaults, without policies, hooks and what says that helm made it; and the component that lets the API
 * server inject by itself, which is what `apiServerPolicies: Auto` adds to that.
 *
 * @throws when Auto changes an object of the base elsewhere than in one flag
 */
export async function kustomizeFiles(helm: Helm): Promise<ReadonlyMap<string, string>> {
  const render = async (values: Values): Promise<readonly JsonObject[]> =>
    (await helm.render({ defaultPolicy: { create: false }, ...values }, ['--no-hooks'])).map(withoutHelm);
  const usual = await render({});
  const withAuto = await render({ apiServerPolicies: 'Auto' });
  const known = new Map(usual.map((object) => [idOf(object), object]));
  const patch = flagPatch(usual);
  for (const object of withAuto) {
    const before = known.get(idOf(object));
    if (before !== undefined && textOf(object).replace('=Auto', '=Off') !== textOf(before)) {
      throw new Error(`Auto changes ${idOf(object)} in more than its flag`);
    }
  }
  return new Map([
    [`${base}/outrider.yaml`, yamlOf(usual)],
    [`${auto}/objects.yaml`, yamlOf(withAuto.filter((object) => !known.has(idOf(object))))],
    [`${auto}/flag.yaml`, `${made}${textOf(patch)}`],
  ]);
}

const made = '# Made from the chart: node dist/test/e2e/deploy/write-kustomize-base.js\n';

/** Operations that set the flag of the Deployment, and that kustomize refuses where the flag is at another place. */
function flagPatch(objects: readonly JsonObject[]): readonly JsonObject[] {
  const deployment = objects.find(({ kind }) => kind === 'Deployment');
  const template = objectOf(objectOf(deployment?.['spec'])?.['template']);
  const containers = listOf(objectOf(template?.['spec'])?.['containers']).filter(isObject);
  for (const [at, container] of containers.entries()) {
    const index = (stringsOf(container['args']) ?? []).indexOf(off);
    if (index < 0) continue;
    const path = `/spec/template/spec/containers/${at}/args/${index}`;
    return [
      { op: 'test', path, value: off },
      { op: 'replace', path, value: off.replace('=Off', '=Auto') },
    ];
  }
  throw new Error(`no container has ${off}`);
}

function yamlOf(objects: readonly JsonObject[]): string {
  return `${made}${objects.map(textOf).join('---\n')}`;
}

function textOf(value: unknown): string {
  return stringify(value, { version: '1.1', lineWidth: 0 });
}

function idOf({ kind, metadata }: JsonObject): string {
  return `${stringOf(kind) ?? ''}/${stringOf(objectOf(metadata)?.['name']) ?? ''}`;
}

function withoutHelm(object: JsonObject): JsonObject {
  const metadata = objectOf(object['metadata']) ?? {};
  const labels = Object.entries(objectOf(metadata['labels']) ?? {}).filter(([name]) => !helmsOwn.includes(name));
  return { ...object, metadata: { ...metadata, labels: Object.fromEntries(labels) } };
}
