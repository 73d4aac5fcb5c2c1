import { diffTexts, renderDiff } from '../text/diff.js';
import type { Io } from '../io.js';
import { documentOperations, type TemplateEdit } from '../../documents/edit/template-edit.js';
import type { EditedFile } from '../files/edited-file.js';
import type { OutputFormat, OutputOptions } from '../options/output.js';
import { asList, exactJson } from './exact-json.js';
import { shieldSecrets } from './shield-secrets.js';
import { useColour } from '../text/style.js';
import { writeFiles } from './write-files.js';

/** Whether a file's text changed. */
export function isChanged({ changed }: EditedFile<TemplateEdit>): boolean {
  return changed;
}

/**
 * Writes edited files to standard output, back into the files, or both. Manifests and diffs go to standard output file by
 * file. Output that is one document, or that must be complete, waits for the end.
 */
export class Delivery {
  readonly #options: OutputOptions;
  readonly #io: Io;
  readonly #isStreaming: boolean;
  readonly #waiting: EditedFile<TemplateEdit>[] = [];
  readonly #manifests = new JoinedManifests();

  /** @param how.early whether files may be written before the last one is done */
  constructor(options: OutputOptions, io: Io, { early = true }: { readonly early?: boolean } = {}) {
    const { format, inPlace } = options;
    this.#options = options;
    this.#io = io;
    this.#isStreaming = early && !inPlace && format !== 'json' && format !== 'patch';
  }

  /**
   * Takes the next file, and writes it if it need not wait.
   *
   * @returns the part of the file that the report still needs
   */
  take<Edit extends TemplateEdit>(file: EditedFile<Edit>): EditedFile<Edit> {
    if (!this.#isStreaming) {
      this.#waiting.push(file);
      return file;
    }
    this.#write(this.#options.format === undefined ? '' : this.#textOf(this.#options.format, [file]));
    return lightened(file);
  }

  /**
   * Writes the files that wait.
   *
   * @throws OutriderError `file_unwritable`; then no file was changed, and none of the waiting files was printed
   */
  async end(): Promise<void> {
    const { format, inPlace } = this.#options;
    const files = this.#waiting;
    // Without input there is no document to print, not even an empty one.
    const output = format === undefined || files.length === 0 ? '' : this.#textOf(format, files);
    if (inPlace) {
      await writeFiles(
        files
          .filter(isChanged)
          .flatMap(({ input: { name, path, text: before }, text: after }) =>
            path === undefined ? [] : [{ name, path, before, after }],
          ),
      );
    }
    this.#write(output);
  }

  #write(text: string): void {
    if (text !== '') this.#io.stdout.write(text);
  }

  /** The text for standard output for these files. */
  #textOf(format: OutputFormat, files: readonly EditedFile<TemplateEdit>[]): string {
    switch (format) {
      case 'yaml':
        return files.map(({ text }) => this.#manifests.next(text)).join('');
      case 'json':
        return asList(files.flatMap(({ text }) => exactJson(text)));
      case 'patch':
        return `${JSON.stringify(files.flatMap(patchesOf), undefined, 2)}\n`;
      case 'diff': {
        const colour = useColour(this.#options.colour, this.#io.stdout, this.#io.env);
        return files.map((file) => diffOf(file, colour)).join('');
      }
    }
  }
}

/** A file without its texts and manifests. Thousands of these take little memory. */
function lightened<Edit extends TemplateEdit>(file: EditedFile<Edit>): EditedFile<Edit> {
  const { input, documents } = file;
  return {
    ...file,
    input: { ...input, text: '' },
    text: '',
    documents: documents.map((each) => ({
      ...each,
      text: '',
      document: {
        ...each.document,
        text: '',
        value: each.document.value === null ? null : {},
        templates: [],
        tasks: [],
      },
    })),
  };
}

/** Joins manifests. A single one stays byte for byte; several get document separators where they need them. */
class JoinedManifests {
  /** Whether anything has been written yet, and whether it ends with a line break. */
  #state: 'empty' | 'in a line' | 'at a line' = 'empty';

  next(text: string): string {
    const isFirst = this.#state === 'empty';
    if (!isFirst && text.trim() === '') return '';
    const joined = isFirst ? text : `${this.#state === 'at a line' ? '' : '\n'}${separated(text)}`;
    if (joined !== '') this.#state = joined.endsWith('\n') ? 'at a line' : 'in a line';
    return joined;
  }
}

function separated(text: string): string {
  const next = text.replace(/^\uFEFF/, '');
  // Directives may only follow the end of a document (YAML 1.2.2, 9.2).
  const directives = /^(?:[ \t]*(?:#.*)?\r?\n)*%/.test(next);
  const separator = directives ? '...\n' : /^(?:[ \t]*(?:#.*)?\r?\n)*---(?:\s|$)/.test(next) ? '' : '---\n';
  return `${separator}${next}`;
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
  const { name, text } = file.input;
  const shown = name === '-' ? 'stdin' : name.replace(/^\/+/, '');
  const hunks = shieldSecrets(
    diffTexts(text, file.text),
    file.documents.map(({ document }) => document),
  );
  return renderDiff(hunks, { oldName: `a/${shown}`, newName: `b/${shown}`, colour });
}
