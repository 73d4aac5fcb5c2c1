import { diffTexts, renderDiff } from '../text/diff.js';
import type { Invocation } from '../command.js';
import { documentOperations, type TemplateEdit } from '../../documents/edit/template-edit.js';
import type { EditedFile } from '../files/edited-file.js';
import type { OutputFormat, OutputOptions } from '../options/output.js';
import { asList, exactJson } from './exact-json.js';
import { shieldSecrets } from './shield-secrets.js';
import { useColour } from '../text/style.js';
import { writeFiles } from './write-files.js';

/** Whether a file's text is another than it was. */
export function isChanged({ input, text }: EditedFile<TemplateEdit>): boolean {
  return text !== input.text;
}

/**
 * Gives edited files out: to standard output, back into the files, or both.
 *
 * @throws OutriderError `file_unwritable`; then no file was changed, and nothing printed
 */
export async function deliver(
  files: readonly EditedFile<TemplateEdit>[],
  { format, inPlace, colour }: OutputOptions,
  { io }: Pick<Invocation, 'io'>,
): Promise<void> {
  const output = format === undefined ? '' : outputText(format, files, useColour(colour, io.stdout, io.env));
  if (inPlace) {
    await writeFiles(
      files
        .filter(isChanged)
        .flatMap(({ input: { name, path, text: before }, text: after }) =>
          path === undefined ? [] : [{ name, path, before, after }],
        ),
    );
  }
  if (output !== '') io.stdout.write(output);
}

/** What goes to standard output for these files. */
function outputText(format: OutputFormat, files: readonly EditedFile<TemplateEdit>[], colour: boolean): string {
  switch (format) {
    case 'yaml':
      return joined(files.map(({ text }) => text));
    case 'json':
      return asList(files.flatMap(({ text }) => exactJson(text)));
    case 'patch':
      return `${JSON.stringify(files.flatMap(patchesOf), undefined, 2)}\n`;
    case 'diff':
      return files.map((file) => diffOf(file, colour)).join('');
  }
}

/** One file stays byte for byte; several are joined with document separators where they are needed. */
function joined(texts: readonly string[]): string {
  return texts
    .filter((text, index) => index === 0 || text.trim() !== '')
    .reduce((before, text) => {
      if (before === '') return text;
      const ended = before.endsWith('\n') ? before : `${before}\n`;
      const next = text.replace(/^\uFEFF/, '');
      // Directives may only follow the end of a document (YAML 1.2.2, 9.2).
      const directives = /^(?:[ \t]*(?:#.*)?\r?\n)*%/.test(next);
      const separator = directives ? '...\n' : /^(?:[ \t]*(?:#.*)?\r?\n)*---(?:\s|$)/.test(next) ? '' : '---\n';
      return `${ended}${separator}${next}`;
    }, '');
}

function patchesOf({ input, documents }: EditedFile<TemplateEdit>): readonly object[] {
  return documents.flatMap(({ number, edits }) =>
    edits
      .filter(({ operations }) => operations.length > 0)
      .map((edit) => ({
        file: input.name,
        document: number,
        kind: edit.template.kind,
        name: edit.template.name,
        pointer: edit.template.path,
        operations: documentOperations(edit),
      })),
  );
}

function diffOf(file: EditedFile<TemplateEdit>, colour: boolean): string {
  const { name, path, text } = file.input;
  const shown = path === undefined ? 'stdin' : name.replace(/^\/+/, '');
  const hunks = shieldSecrets(
    diffTexts(text, file.text),
    file.documents.map(({ document }) => document),
  );
  return renderDiff(hunks, { oldName: `a/${shown}`, newName: `b/${shown}`, colour });
}
