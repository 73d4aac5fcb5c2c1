import type { Invocation } from '../command.js';
import type { EditedFile, TemplateEdit } from '../files/edited-file.js';
import type { OutputOptions } from '../options/output.js';
import { renderOutput } from './render-output.js';
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
  const output =
    format === undefined ? '' : renderOutput(format, files, { colour: useColour(colour, io.stdout, io.env) });
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
