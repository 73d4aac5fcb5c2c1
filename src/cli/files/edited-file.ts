import { readManifests, type ManifestDocument } from '../../documents/manifest/manifest.js';
import type { TemplatePath } from '../../documents/manifest/template-path.js';
import type { PodTemplate } from '../../documents/manifest/templates.js';
import { carriedOut, type CarriedOut, type TemplateEdit } from '../../documents/edit/template-edit.js';
import { OutriderError } from '../../model/error.js';
import type { TaskTemplate } from '../../model/task.js';
import { located } from '../errors.js';
import { inOrder } from './in-order.js';
import type { Input, InputFile } from './inputs.js';
import { Refusals } from './refusals.js';

/** Decides what happens to the contents of a document. */
export interface TemplateEditor<Edit extends TemplateEdit> {
  pod(template: PodTemplate): Edit | Promise<Edit>;
  task(template: TaskTemplate): Edit | Promise<Edit>;
  /** Applies the edits of a whole document. If absent, they are applied as they are. */
  carryOut?(documentText: string, edits: readonly Edit[]): CarriedOut<Edit>;
}

/** A document with its templates, and its text with their operations applied. */
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
  /** Whether the text changed. */
  readonly changed: boolean;
}

/** How files are edited. */
export interface FileEditing<Edit extends TemplateEdit> {
  /** Decides what happens to a pod template and to a task. */
  readonly edit: TemplateEditor<Edit>;
  /** Where pod templates are in kinds that are not in the table. */
  readonly added: readonly TemplatePath[];
  readonly refusals: Refusals;
  /**
   * Called with each file that could be edited, in the input's order, as soon as those before it are done. Returns what is
   * kept of it.
   */
  readonly onFile?: (file: EditedFile<Edit>) => EditedFile<Edit>;
  /** Told how many files are done. */
  readonly onProgress?: (done: number) => void;
}

/** How many files are in progress at once. While one waits for a registry, the others go on. */
const atOnce = 64;

/**
 * Reads every file and edits it. A file that cannot be read or edited is refused as a whole. Only a few files are in memory
 * at a time, plus what is kept of those that are done.
 *
 * @throws OutriderError for a failure that is no file's fault, and the refusals if no file is left
 */
export async function editFiles<Edit extends TemplateEdit>(
  files: readonly InputFile[],
  { edit, added, refusals, onFile = (file) => file, onProgress }: FileEditing<Edit>,
): Promise<readonly EditedFile<Edit>[]> {
  const edited: EditedFile<Edit>[] = [];
  let done = 0;
  const make = async (file: InputFile) => {
    const own = new Refusals();
    const result = await own.of(async () => editFile(await file.read(), added, edit));
    return { own, result };
  };
  for await (const { own, result } of inOrder(files, atOnce, make)) {
    refusals.take(own);
    if (result !== undefined) edited.push(onFile(result));
    onProgress?.(++done);
  }
  refusals.refuseNothingLeft(edited);
  return edited;
}

/**
 * Edits the documents of a file. Text outside the edited templates stays byte for byte.
 *
 * @throws OutriderError `manifest_invalid`, and what `edit` throws, with file, line and the template's pointer in front
 */
async function editFile<Edit extends TemplateEdit>(
  input: Input,
  added: readonly TemplatePath[],
  edit: TemplateEditor<Edit>,
): Promise<EditedFile<Edit>> {
  const edited: EditedDocument<Edit>[] = [];
  const documents = readManifests(input.text, input.name, added);
  for (const [index, document] of documents.entries()) {
    const place = { file: input.name, line: document.line };
    const made = await inParallel([
      ...document.templates.map((template) => () => withPlace(place, template.path, () => edit.pod(template))),
      ...document.tasks.map((template) => () => withPlace(place, template.path, () => edit.task(template))),
    ]);
    const { edits, text } = await withPlace(place, '', () => (edit.carryOut ?? carriedOut)(document.text, made));
    edited.push({ document, number: index + 1, edits, text });
  }
  const text = edited.map((each) => each.text).join('');
  return { input, documents: edited, text, changed: text !== input.text };
}

/** All at once. If several fail, the first error in document order is thrown. */
async function inParallel<T>(actions: readonly (() => Promise<T>)[]): Promise<readonly T[]> {
  const settled = await Promise.allSettled(actions.map((action) => action()));
  return settled.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
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
