import { definitionsAsYaml } from '../../../src/documents/schema/crd.js';
import type { ApiServer } from './api-server.js';

/**
 * Installs the custom resource definitions and waits until the API server serves them.
 * @throws with what kubectl said when it does not
 */
export async function installDefinitions(api: ApiServer): Promise<void> {
  const texts = [...definitionsAsYaml().values()].join('---\n');
  const applied = await api.kubectl(['apply', '--server-side', '-f', '-'], texts);
  if (applied.exitCode !== 0) throw new Error(`the definitions were refused: ${applied.stderr}`);
  const names = [...definitionsAsYaml().keys()].map((name) => `crd/${name}`);
  const waited = await api.kubectl(['wait', '--for=condition=Established', '--timeout=60s', ...names]);
  if (waited.exitCode !== 0) throw new Error(`the definitions are not served: ${waited.stderr}`);
}
