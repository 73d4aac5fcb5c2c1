import { readFileSync } from 'node:fs';
import { alertFiles } from './alerts.js';
import { settingsMarkdown } from './settings-reference.js';
import { casesDoc } from './cases/doc.js';
import { chartFiles } from './charts.js';
import { commandsMarkdown } from './commands-reference.js';
import { conditionsDoc } from './conditions-doc.js';
import { definitionFiles } from './crds.js';
import { dashboardFiles } from './dashboard.js';
import { errorsDoc } from './errors-doc.js';
import { schemaFiles } from './json-schemas.js';
import { metricsDoc } from './metrics-doc.js';
import { pictureSvg } from './picture.js';
import { reasonsDoc } from './reasons-doc.js';
import { referencePages } from './reference.js';

/** A file that is made from the source and committed, so that people can read it without building. */
export interface GeneratedFile {
  /** Path from the root of the repository. */
  readonly path: string;
  /** Makes the file's whole text. The same source gives the same text. */
  readonly make: () => string;
}

const commandsPage = await commandsMarkdown();

/** Every generated file. */
export const generatedFiles: readonly GeneratedFile[] = [
  { path: 'docs/reasons.md', make: reasonsDoc },
  { path: 'docs/errors.md', make: errorsDoc },
  { path: 'docs/cases.md', make: () => casesDoc(repositoryRoot) },
  { path: 'docs/reference/commands.md', make: () => commandsPage },
  { path: 'docs/reference/conditions.md', make: conditionsDoc },
  { path: 'docs/reference/metrics.md', make: metricsDoc },
  { path: 'docs/reference/settings.md', make: settingsMarkdown },
  { path: 'docs/pictures/overview.svg', make: overviewPicture },
  ...referencePages,
  ...definitionFiles,
  ...schemaFiles,
  ...dashboardFiles,
  ...chartFiles,
  ...alertFiles,
];

/** The root of the repository, seen from where this file runs: dist/test/tools. */
export const repositoryRoot = new URL('../../../', import.meta.url);

function overviewPicture(): string {
  const text = readFileSync(new URL('docs/pictures/overview.txt', repositoryRoot), 'utf8');
  return pictureSvg(text, 'Outrider adds the agent and its tracer to a pod while the pod is being created');
}
