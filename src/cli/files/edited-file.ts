import { readManifests, type ManifestDocument } from '../../documents/manifest/manifest.js';
import type { TemplatePath } from '../../documents/manifest/template-path.js';
import type { PodTemplate } from '../../documents/manifest/templates.js';
import { carriedOut, type CarriedOut, type TemplateEdit } from '../../documents/edit/template-edit.js';
import { OutriderError } from '../../model/error.js';
import type { TaskTemplate } from '../../model/task.js';
import { located } from '../errors.js';
import type { Input } from './inputs.js';
import type { Refusals } from './refusals.js';

/** An input that was read. */
export interface ManifestFile {
  readonly input: Input;
  readonly documents: readonly ManifestDocument[];
}

/** Says what becomes of what a document holds. */
export interface TemplateEditor<Edit extends TemplateEdit> {
  pod(template: PodTemplate): Edit | Promise<Edit>;
  task(template: TaskTemplate): Edit | Promise<Edit>;
  /** Carries the edits of a whole document out; absent: as they are. */
  carryOut?(documentText: string, edits: readonly Edit[]): CarriedOut<Edit>;
}

/** A document with the templates in it, and its text with their operations carried out. */
export interface EditedDocument<Edit extends TemplateEdit> {
  readonly document: ManifestDocument;
  /** Place in the file, from 1. */
  readonly number: number;
  readonly edits: readonly Edit[];
  readonly text: string;
}

/** A file with its documents edited. */
export interface EditedFile<Edit extends TemplateEdit> {
  readonly input: Input;
  readonly documents: readonly EditedDocument<Edit>[];
  readonly text: string;
}

/**
 * Reads the documents of every input; what cannot be read is refused.
 *
 * @param added where pod templates stand in kinds that nobody else knows
 */
export async function readFiles(
  inputs: readonly Input[],
  added: readonly TemplatePath[],
  refusals: Refusals,
): Promise<readonly ManifestFile[]> {
  const files: ManifestFile[] = [];
  for (const input of inputs) {
    const documents = await refusals.of(() => readManifests(input.text, input.name, added));
    if (documents !== undefined) files.push({ input, documents });
  }
  return files;
}

/** Edits every file; one that cannot be edited is refused whole. */
export async function editFiles<Edit extends TemplateEdit>(
  files: readonly ManifestFile[],
  edit: TemplateEditor<Edit>,
  refusals: Refusals,
): Promise<readonly EditedFile<Edit>[]> {
  const edited: EditedFile<Edit>[] = [];
  for (const file of files) {
    const result = await refusals.of(() => editFile(file, edit));
    if (result !== undefined) edited.push(result);
  }
  refusals.refuseNothingLeft(edited);
  return edited;
}

/**
 * Edits the documents of a file. Text outside the edited templates stays byte for byte.
 *
 * @param edit says what becomes of a pod template and of a task
 * @throws OutriderError what `edit` throws, with file, line and the template's pointer in front
 */
async function editFile<Edit extends TemplateEdit>(
  { input, documents }: ManifestFile,
  edit: TemplateEditor<Edit>,
): Promise<EditedFile<Edit>> {
  const edited: EditedDocument<Edit>[] = [];
  for (const [index, document] of documents.entries()) {
    const place = { file: input.name, line: document.line };
    const made: Edit[] = [];
    for (const template of document.templates) {
      made.push(await withPlace(place, template.path, () => edit.pod(template)));
    }
    for (const template of document.tasks) {
      made.push(await withPlace(place, template.path, () => edit.task(template)));
    }
    const { edits, text } = await withPlace(place, '', () => (edit.carryOut ?? carriedOut)(document.text, made));
    edited.push({ document, number: index + 1, edits, text });
  }
  return { input, documents: edited, text: edited.map(({ text }) => text).join('') };
}

async function withPlace<T>(
  { file, line }: { readonly file: string; readonly line: number },
  field: string,
  action: () => T | Promise<T>,
): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof OutriderError) throw located(error, file, line, field);
    throw error;
  }
}
