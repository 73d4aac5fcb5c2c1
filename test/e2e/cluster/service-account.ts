import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { objectOf, stringOf } from '../../../src/model/json.js';
import type { ApiServer } from './api-server.js';
import { applyAll } from './apply.js';
import { findHelm, release, type Values } from './helm.js';
import type { KubectlResult } from './kubectl.js';

/** A ServiceAccount with the rights that the chart gives it, and nothing more. */
export interface ChartIdentity {
  /** Kubeconfig with its token. */
  readonly kubeconfig: string;
  readonly namespace: string;
  /** `system:serviceaccount:NAMESPACE:NAME` */
  readonly user: string;
  /** Runs kubectl as it. */
  readonly kubectl: (parameters: readonly string[], input?: string) => Promise<KubectlResult>;
}

const rbacKinds = [
  ...['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding', 'ConfigMap'],
  ...['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'],
];

/**
 * Gives the server the identity that it has in a cluster: makes the namespace, and of the chart's rendering with these
 * values the ServiceAccount, its rights and the ConfigMap; returns a kubeconfig with a token.
 *
 * @throws when helm or kubectl refuse
 */
export async function installIdentity(api: ApiServer, values: Values = {}): Promise<ChartIdentity> {
  const helm = await findHelm(api);
  const objects = (await helm.render(values, ['--no-hooks'])).filter(({ kind }) =>
    rbacKinds.includes(stringOf(kind) ?? ''),
  );
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: release.namespace } };
  await applyAll(api, [namespace, ...objects], '--server-side');
  return identityOf(api, stringOf(values['instance']) ?? 'outrider');
}

/** What an installation's hook runs as: its ServiceAccount and rights, made as helm would make them. */
export async function installHookIdentity(api: ApiServer, values: Values = {}): Promise<ChartIdentity> {
  const helm = await findHelm(api);
  const hooks = (await helm.render(values)).filter(
    ({ metadata, kind }) =>
      objectOf(objectOf(metadata)?.['annotations'])?.['helm.sh/hook'] === 'pre-delete' &&
      rbacKinds.includes(stringOf(kind) ?? ''),
  );
  await applyAll(api, hooks, '--server-side');
  return identityOf(api, `${stringOf(values['instance']) ?? 'outrider'}-pre-delete`);
}

/**
 * A kubeconfig with a token of a ServiceAccount that is there.
 * @throws when the API server gives no token
 */
export async function identityOf(
  api: ApiServer,
  name: string,
  namespace: string = release.namespace,
): Promise<ChartIdentity> {
  const token = await api.kubectl(['create', 'token', name, '--namespace', namespace, '--duration=24h']);
  if (token.exitCode !== 0) throw new Error(`no token for ${namespace}/${name}: ${token.stderr}`);
  const kubeconfig = join(api.directory, `service-account-${namespace}-${name}.kubeconfig`);
  const configuration = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: api.url, 'certificate-authority': api.caFile } }],
    users: [{ name: 'test', user: { token: token.stdout.trim() } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace } }],
    'current-context': 'test',
  };
  writeFileSync(kubeconfig, JSON.stringify(configuration), { mode: 0o600 });
  return {
    kubeconfig,
    namespace,
    user: `system:serviceaccount:${namespace}:${name}`,
    kubectl: (parameters, input) => api.kubectl([`--kubeconfig=${kubeconfig}`, ...parameters], input),
  };
}
