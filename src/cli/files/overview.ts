import type { ManifestDocument } from '../../documents/manifest/manifest.js';
import { readManifests } from '../../documents/manifest/manifest.js';
import type { TemplatePath } from '../../documents/manifest/template-path.js';
import { OutriderError } from '../../model/error.js';
import type { InputFile } from './inputs.js';
import { containerNames } from './template-names.js';

/** What the files of an input say about each other. */
export interface InputOverview {
  /** The documents that are, or hold, Namespaces. */
  readonly namespaces: readonly ManifestDocument[];
  /** Names of the containers of all tasks; empty unless they were asked for. */
  readonly taskContainers: ReadonlySet<string>;
}

/**
 * Looks through an input for facts that matter for its other files. It ignores files that cannot be read, and does not parse
 * files that name no Namespace.
 *
 * @param how.tasks whether tasks are looked for
 */
export async function overviewOf(
  files: readonly InputFile[],
  added: readonly TemplatePath[],
  how: { readonly tasks: boolean },
): Promise<InputOverview> {
  const namespaces: ManifestDocument[] = [];
  const taskContainers = new Set<string>();
  for (const file of files) {
    for (const document of await documentsOf(file, added, how.tasks)) {
      const { kind = '', tasks } = document;
      if (kind === 'Namespace' || kind.endsWith('List')) namespaces.push(document);
      for (const name of tasks.flatMap(containerNames)) taskContainers.add(name);
    }
  }
  return { namespaces, taskContainers };
}

async function documentsOf(
  file: InputFile,
  added: readonly TemplatePath[],
  tasks: boolean,
): Promise<readonly ManifestDocument[]> {
  try {
    const { text, name } = await file.read();
    return tasks || text.includes('Namespace') ? readManifests(text, name, added) : [];
  } catch (error) {
    if (error instanceof OutriderError) return [];
    throw error;
  }
}
