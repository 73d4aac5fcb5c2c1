import type { Operation } from '../../model/patch.js';
import { pointerInDocument, type TaskTemplate } from '../../model/task.js';
import type { PodTemplate } from '../manifest/templates.js';
import { editDocument } from './edit.js';

/** What becomes of one pod template or task. Pointers of the operations start at the template. */
export interface TemplateEdit {
  readonly template: PodTemplate | TaskTemplate;
  readonly operations: readonly Operation[];
  /** How a file that keeps no record is taken back, where the operations take an earlier change back first. */
  readonly record?: string;
}

/** The operations of a template with pointers that start at its document. */
export function documentOperations({ template, operations }: TemplateEdit): readonly Operation[] {
  const placed = (path: string): string =>
    'format' in template ? pointerInDocument(template, path) : `${template.path}${path}`;
  return operations.map((operation) => ({ ...operation, path: placed(operation.path) }));
}

/** A document's edits, and its text with them carried out. */
export interface CarriedOut<Edit extends TemplateEdit> {
  readonly edits: readonly Edit[];
  readonly text: string;
}

/** Carries out the edits of a document. */
export function carriedOut<Edit extends TemplateEdit>(documentText: string, edits: readonly Edit[]): CarriedOut<Edit> {
  return { edits, text: editDocument(documentText, edits.flatMap(documentOperations)) };
}
