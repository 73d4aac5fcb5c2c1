import type { Style } from '../text/style.js';
import type { TemplateEdit } from '../../documents/edit/template-edit.js';
import type { EditedFile } from './edited-file.js';
import { templateName } from './template-names.js';

/** An object that seems to hold containers but was not looked at. An entry of reports for programs. */
export interface UnseenObject {
  readonly file: string;
  readonly document: number;
  readonly line: number;
  readonly pointer: string;
  readonly kind: string | undefined;
  readonly name: string | undefined;
  readonly reason: 'not_looked_at';
  readonly detail: string;
  readonly remedy: string;
}

const reason = 'not_looked_at';

/** What was not looked at, in the input's order. An input without any document counts as one, because nothing came in. */
export function unseenIn(files: readonly EditedFile<TemplateEdit>[]): readonly UnseenObject[] {
  const [first] = files;
  if (
    first !== undefined &&
    files.every(({ documents }) => documents.every(({ document }) => document.value === null))
  ) {
    const { name } = first.input;
    const isStdin = name === '-';
    const many = files.length > 1;
    const detail = isStdin ? 'standard input is empty' : many ? 'every file is empty' : 'the file is empty';
    const remedy = isStdin ? 'See why the command before the pipe gave nothing.' : 'Give another file.';
    const place = { file: name, document: 1, line: 1, pointer: '' };
    return [{ ...place, kind: undefined, name: undefined, reason, detail, remedy }];
  }
  return files.flatMap(({ input, documents }) =>
    documents.flatMap(({ document, number }) =>
      document.unseen.map(({ path, kind, name, detail, remedy }) => {
        return {
          file: input.name,
          document: number,
          line: document.line,
          pointer: path,
          kind,
          name,
          reason,
          detail,
          remedy,
        };
      }),
    ),
  );
}

/** The row of a report for people. */
export function unseenRow(
  { file, line, kind, name, detail, remedy }: UnseenObject,
  style: Style,
): { readonly cells: readonly string[]; readonly below: readonly string[] } {
  const what = kind === undefined ? '(no kind)' : templateName({ kind, name });
  return {
    cells: [style.warn('!'), `${file}:${line}`, what, reason],
    below: [detail, `fix: ${remedy}`].map((text) => style.dim(`    ${text}`)),
  };
}
