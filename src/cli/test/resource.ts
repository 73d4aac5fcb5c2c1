import { resolve } from 'node:path';
import type { ManifestDocument } from '../../documents/manifest/manifest.js';
import type { PodTemplate } from '../../documents/manifest/templates.js';
import { OutriderError } from '../../model/error.js';
import { didYouMean } from '../../model/nearest.js';
import type { PolicyTestCase } from '../../model/policy-test.js';
import type { TaskTemplate } from '../../model/task.js';
import type { Input } from '../files/inputs.js';
import { templateName } from '../files/template-names.js';
import { namespaceOf } from '../offline/fixed-engine.js';

/** A pod template or task that cases are about. */
export interface Resource {
  /** Its file, as messages call it. */
  readonly file: string;
  /** The same, absolute. */
  readonly path: string | undefined;
  readonly document: ManifestDocument;
  readonly template: PodTemplate | TaskTemplate;
}

/** The resources of a document. */
export function resourcesIn(file: string, path: string | undefined, document: ManifestDocument): readonly Resource[] {
  return [...document.templates, ...document.tasks].map((template) => ({ file, path, document, template }));
}

/** Resources by each of their names, with the kind in lower case. */
export type ResourceIndex = ReadonlyMap<string, readonly Resource[]>;

/** Makes the index. A test may have thousands of resources and thousands of cases. */
export function indexOf(resources: readonly Resource[]): ResourceIndex {
  const index = new Map<string, Resource[]>();
  for (const resource of resources) {
    for (const name of new Set(namesOf(resource.template))) {
      const called = index.get(name);
      if (called === undefined) index.set(name, [resource]);
      else called.push(resource);
    }
  }
  return index;
}

/**
 * The one resource that a case names.
 *
 * @param from.at how the message begins
 * @throws OutriderError `policy_test_invalid` if no resource has the name, or several have it
 */
export function findResource(
  { resource, file, namespace }: PolicyTestCase,
  resources: ResourceIndex,
  from: { readonly at: string; readonly file: Input },
): Resource {
  const invalid = (text: string): OutriderError =>
    new OutriderError('policy_test_invalid', `${from.at} ${text}.`, { file: from.file.name });
  const wanted = withPlainKind(resource);
  const wantedPath = file === undefined ? undefined : resolve(from.file.path ?? '', '..', file);
  const called = (resources.get(wanted) ?? []).filter(({ path }) => wantedPath === undefined || path === wantedPath);
  const found = called.filter(({ template }) => {
    const own = 'pod' in template ? namespaceOf(template) : undefined;
    return namespace === undefined || own === undefined || own === namespace;
  });
  const [only, second] = found;
  if (only !== undefined && second === undefined) return only;
  if (only !== undefined) {
    const where = found.map(({ file: name, document }) => `${name}:${document.line}`).join(' and ');
    throw invalid(`is ${resource}, and several are called so (${where}); name the file or the namespace, too`);
  }
  const all = [...resources.values()].flatMap((each) => each.map(({ template }) => templateName(template)));
  const known = [...new Set(all)];
  const hint = didYouMean(resource, known) || ';';
  const list = known.slice(0, 10).join(', ');
  throw invalid(`is ${resource}, which the resources do not have${hint} there are ${list === '' ? 'none' : list}`);
}

/** All names of a resource, with its kind in lower case. */
function namesOf(template: PodTemplate | TaskTemplate): readonly string[] {
  const { kind, name } = template;
  const part = 'part' in template ? ` (${template.part})` : '';
  return [templateName(template), `${kind}/${name ?? '(no name)'}${part}`].map(withPlainKind);
}

function withPlainKind(text: string): string {
  const [kind = '', ...name] = text.split('/');
  return [kind.toLowerCase(), ...name].join('/');
}
