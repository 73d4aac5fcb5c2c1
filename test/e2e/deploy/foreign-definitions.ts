import type { ApiServer } from '../cluster/api-server.js';
import { applyAll } from '../cluster/apply.js';

const kinds = [
  ['monitoring.coreos.com', 'ServiceMonitor', 'servicemonitors'],
  ['monitoring.coreos.com', 'PodMonitor', 'podmonitors'],
  ['monitoring.coreos.com', 'PrometheusRule', 'prometheusrules'],
  ['cert-manager.io', 'Issuer', 'issuers'],
  ['cert-manager.io', 'Certificate', 'certificates'],
  ['argoproj.io', 'Application', 'applications'],
  ['source.toolkit.fluxcd.io', 'GitRepository', 'gitrepositories'],
  ['helm.toolkit.fluxcd.io', 'HelmRelease', 'helmreleases'],
] as const;
const versions: Readonly<Record<string, string>> = {
  'argoproj.io': 'v1alpha1',
  'helm.toolkit.fluxcd.io': 'v2',
};

/**
 * Installs stand-ins for other projects' definitions: names and versions are theirs, and any content is taken.
 * @throws with what kubectl said
 */
export async function installForeignDefinitions(api: ApiServer): Promise<void> {
  const items = kinds.map(([group, kind, plural]) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        {
          name: versions[group] ?? 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  }));
  await applyAll(api, items, '--server-side');
  const names = items.map(({ metadata }) => `crd/${metadata.name}`);
  const waited = await api.kubectl(['wait', '--for=condition=Established', '--timeout=60s', ...names]);
  if (waited.exitCode !== 0) throw new Error(waited.stderr);
}
