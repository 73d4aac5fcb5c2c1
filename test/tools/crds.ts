import { definitionsAsYaml } from '../../src/documents/schema/crd.js';
import type { GeneratedFile } from './generated.js';

/** The custom resource definitions, for kubectl and in the chart. */
export const definitionFiles: readonly GeneratedFile[] = [...definitionsAsYaml()].flatMap(([name, text]) => {
  const [plural = name] = name.split('.');
  return ['deploy/crds', 'deploy/helm/outrider/crds'].map((folder) => ({
    path: `${folder}/${plural}.yaml`,
    make: () => text,
  }));
});
