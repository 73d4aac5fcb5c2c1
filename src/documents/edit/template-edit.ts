import type { Operation } from '../../model/patch.js';
import { pointerInDocument, type TaskTemplate } from '../../model/task.js';
import type { PodTemplate } from '../manifest/templates.js';
import { editDocument } from './edit.js';

/** What happens to one pod template or task. Pointers of the operations start at the template. */
export interface TemplateEdit {
  readonly template: PodTemplate | TaskTemplate;
  readonly operations: readonly Operation[];
  /** How to undo the change in a file that keeps no record, if the operations first undo an earlier change. */
  readonly record?: string;
}

/** The operations of a template with pointers that start at its document. */
export function documentOperations({ template, operations }: TemplateEdit): readonly Operation[] {
  const placed = (path: string): string =>
    'format' in template ? pointerInDocument(template, path) : `${template.path}${path}`;
  return operations.map((operation) => ({ ...operation, path: placed(operation.path) }));
}

/** A document's edits, and its text with the edits applied. */
export interface CarriedOut<Edit extends TemplateEdit> {
  readonly edits: readonly Edit[];
  readonly text: string;
}

/** Applies the edits of a document. */
export function carriedOut<Edit extends TemplateEdit>(documentText: string, edits: readonly Edit[]): CarriedOut<Edit> {
  return { edits, text: editDocument(documentText, edits.flatMap(documentOperations)) };
}
