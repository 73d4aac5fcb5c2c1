import { join } from 'node:path';
import { listOf } from '../../../src/model/json.js';
import type { JsonObject } from '../../../src/model/json.js';
import { objectIn, runKubectl, type KubectlResult } from '../../e2e/cluster/kubectl.js';
import { clusterVariable } from '../cluster/layout.js';

/**
 * The state folder of the cluster that this process runs in.
 * @throws when it runs in none
 */
export function stateFolder(): string {
  const folder = process.env[clusterVariable];
  if (folder === undefined) throw new Error('these tests run inside a cluster: npm run test:cluster [-- FILE]');
  return folder;
}

/** The admin's way into the cluster. */
export function adminKubeconfig(): string {
  return join(stateFolder(), 'admin.kubeconfig');
}

/** Runs kubectl as the admin; a failure is an exit code, not an error. */
export function kubectl(parameters: readonly string[], input?: string): Promise<KubectlResult> {
  const folder = stateFolder();
  return runKubectl(
    { program: 'kubectl', kubeconfig: adminKubeconfig(), home: join(folder, 'home') },
    parameters,
    input,
  );
}

/** Runs kubectl and returns what it prints. @throws when it fails, with what it said */
export async function kubectlOutput(parameters: readonly string[], input?: string): Promise<string> {
  const { exitCode, stdout, stderr } = await kubectl(parameters, input);
  if (exitCode !== 0) throw new Error(`kubectl ${parameters.join(' ')} ended with ${exitCode}: ${stderr}`);
  return stdout;
}

/** An object of the cluster. @throws when there is none */
export async function getObject(namespace: string, kind: string, name: string): Promise<JsonObject> {
  return objectIn(await kubectl(['get', kind, name, '-n', namespace, '-o', 'json']));
}

/** The objects of a kind that have a label. */
export async function listObjects(namespace: string, kind: string, selector: string): Promise<readonly unknown[]> {
  const list = objectIn(await kubectl(['get', kind, '-n', namespace, '-l', selector, '-o', 'json']));
  return listOf(list['items']);
}
