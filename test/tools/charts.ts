import { definitionsAsYaml } from '../../src/documents/schema/crd.js';
import { chartDefaults, chartReadme, type ChartFolder } from './chart-docs.js';
import type { GeneratedFile } from './generated.js';

const root = new URL('../../../', import.meta.url);

const outrider: ChartFolder = {
  folder: 'deploy/helm/outrider/',
  intro: `# Outrider

A Kubernetes admission webhook that starts the processes of pods under a runtime-security agent's tracer, for platforms
where a DaemonSet with eBPF is not to be had. Kubernetes 1.30 or newer, Helm 3.14 or newer, or 4. From a checkout:

\`\`\`sh
helm install outrider deploy/helm/outrider --namespace outrider-system --create-namespace \\
  --set image.registry=registry.example.com \\
  --set defaultPolicy.spec.profile.settings.region=us2
helm test outrider --namespace outrider-system --logs
helm upgrade outrider deploy/helm/outrider --namespace outrider-system --reset-then-reuse-values
helm uninstall outrider --namespace outrider-system
\`\`\`

An uninstall whose hook cannot start, because its image cannot be pulled, fails after a minute: \`helm uninstall outrider
--namespace outrider-system --no-hooks\` goes without it. Helm installs the custom resource definitions once and changes them
no more; the chart \`outrider-crds\` keeps them at its version. docs/install.md has all of it.
`,
};

const definitions: ChartFolder = {
  folder: 'deploy/helm/outrider-crds/',
  intro: `# Outrider's custom resource definitions

Policies and profiles, as a release of their own: Helm installs what is in the folder \`crds\` of the chart \`outrider\` once,
and changes it no more.

\`\`\`sh
helm install outrider-crds deploy/helm/outrider-crds --namespace outrider-system --create-namespace
helm install outrider deploy/helm/outrider --namespace outrider-system --skip-crds
\`\`\`

Where the chart \`outrider\` has installed them before, this one takes them over with \`--take-ownership\` (Helm 3.17 or newer).
`,
};

/** What is made of the charts' values, and of the definitions for them. */
export const chartFiles: readonly GeneratedFile[] = [
  ...[outrider, definitions].map((chart) => ({
    path: `${chart.folder}README.md`,
    make: () => chartReadme(root, chart),
  })),
  { path: `${outrider.folder}files/defaults.yaml`, make: () => chartDefaults(root, outrider.folder) },
  ...[...definitionsAsYaml()].map(([name, text]) => ({
    path: `${definitions.folder}files/${name.split('.')[0] ?? name}.yaml`,
    make: () => text,
  })),
];
