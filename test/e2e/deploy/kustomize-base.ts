import { stringify } from 'yaml';
import { objectOf, type JsonObject } from '../../../src/model/json.js';
import type { Helm } from '../cluster/helm.js';

/** Where the base stands, from the root of the repository. */
export const baseFile = 'deploy/kustomize/base/outrider.yaml';

const helmsOwn = ['app.kubernetes.io/managed-by', 'helm.sh/chart'];

/** The kustomize base: what the chart makes of its defaults, without policies, hooks and what says that helm made it. */
export async function kustomizeBase(helm: Helm): Promise<string> {
  const objects = await helm.render({ defaultPolicy: { create: false } }, ['--no-hooks']);
  const texts = objects.map((object) => stringify(withoutHelm(object), { version: '1.1', lineWidth: 0 }));
  return `# Made from the chart: node dist/test/e2e/deploy/write-kustomize-base.js\n${texts.join('---\n')}`;
}

function withoutHelm(object: JsonObject): JsonObject {
  const metadata = objectOf(object['metadata']) ?? {};
  const labels = Object.entries(objectOf(metadata['labels']) ?? {}).filter(([name]) => !helmsOwn.includes(name));
  return { ...object, metadata: { ...metadata, labels: Object.fromEntries(labels) } };
}
