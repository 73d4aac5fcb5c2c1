import type { PodTemplate } from '../../documents/manifest/templates.js';
import { taskUndoOperations } from '../../documents/undo/task-undo.js';
import { restoreSources } from '../../documents/undo/keep-sources.js';
import { hasUndo, undoOperations } from '../../documents/undo/undo.js';
import { objectOf } from '../../model/json.js';
import { OutriderError } from '../../model/error.js';
import { names } from '../../model/names.js';
import type { TaskTemplate } from '../../model/task.js';
import { exitCodes, type CommandDefinition, type Invocation } from '../command.js';
import { Delivery, isChanged } from './deliver.js';
import type { TemplateEdit } from '../../documents/edit/template-edit.js';
import { editFiles, type EditedFile } from '../files/edited-file.js';
import { listInputs } from '../files/inputs.js';
import { Refusals } from '../files/refusals.js';
import {
  addInputOption,
  addOutputOptions,
  inputArgument,
  inputPaths,
  outputOptions,
  type OutputOptions,
} from '../options/output.js';
import { styleOf, useColour, type Style } from '../text/style.js';
import { table } from '../text/table.js';
import { addUndoFileOption } from '../options/task.js';
import { addTemplatePathOption, templatePaths } from '../options/template-path.js';
import { unseenIn, unseenRow } from '../files/unseen-objects.js';
import { countTemplates, templateName } from '../files/template-names.js';
import { errorsJson, printRefused } from '../files/refused.js';
import { readUndoFile, type UndoFile } from './undo-file.js';

type File = EditedFile<TemplateEdit>;

/** `outrider uninject`: restores manifests to what they were before `inject`. */
export const command: CommandDefinition = {
  configure(command, { programName }) {
    command.argument(...inputArgument);
    addInputOption(command);
    addOutputOptions(command);
    addTemplatePathOption(command);
    addUndoFileOption(command, 'the file that inject wrote, for a Dockerrun file');
    command.usage('FILE... [OPTIONS]');
    command.addHelpText(
      'after',
      `
Examples:
  ${programName} uninject web.yaml
  ${programName} uninject -f manifests/ --in-place
  ${programName} uninject -f manifests/ --check

It takes back what ${programName} inject wrote, by the annotation ${names.undo}; live pods have none.

Exit codes: 0 done; 1 --check and something would change; 2 wrong usage, bad input, or a manifest that was edited where
something has to be taken back: that file is left as it is.`,
    );
  },
  run: uninject,
};

async function uninject(invocation: Invocation): Promise<number> {
  const paths = inputPaths(invocation);
  const options = outputOptions(invocation, paths);
  const refusals = new Refusals();
  const added = templatePaths(invocation);
  const inputs = await listInputs(paths, invocation.io);
  const undoFile = await readUndoFile(invocation);
  const editor = {
    pod: takeBack,
    task: (template: TaskTemplate) => takeTaskBack(template, undoFile),
    carryOut: (text: string, edits: readonly TemplateEdit[]) => restoreSources(text, edits, undoFile?.record),
  };
  const delivery = new Delivery(options, invocation.io);
  const files = await editFiles(inputs, { edit: editor, added, refusals, onFile: (file) => delivery.take(file) });
  await delivery.end();
  report(files, refusals.errors, options, invocation);
  if (refusals.errors.length > 0) return exitCodes.error;
  return options.check && files.some(isChanged) ? exitCodes.findings : exitCodes.ok;
}

function takeBack(template: PodTemplate): TemplateEdit {
  return { template, operations: hasUndo(template.pod) ? undoOperations(template.pod) : [] };
}

function takeTaskBack(template: TaskTemplate, undoFile: UndoFile | undefined): TemplateEdit {
  if (template.format !== 'dockerrun') return { template, operations: taskUndoOperations(template) };
  if (undoFile !== undefined && undoFile.record === undefined) {
    throw new OutriderError('file_unreadable', `${undoFile.name}: there is no such file; check the path.`, {
      file: undoFile.name,
    });
  }
  return { template, operations: undoFile?.record === undefined ? [] : taskUndoOperations(template, undoFile.record) };
}

function report(
  files: readonly File[],
  refused: readonly OutriderError[],
  { report: form, check, colour }: OutputOptions,
  { io }: Invocation,
): void {
  if (form === 'json') io.stderr.write(reportJson(files, refused));
  else if (form === 'text') io.stderr.write(reportText(files, styleOf(useColour(colour, io.stderr, io.env)), check));
  if (form !== 'json') printRefused(refused, io);
}

function reportText(files: readonly File[], style: Style, check: boolean): string {
  const templates = templatesOf(files);
  const rows = templates.map(({ file, line, edit }) => {
    const restored = edit.operations.length > 0;
    const cells = [
      restored ? style.good('✓') : style.dim('–'),
      `${file}:${line}`,
      templateName(edit.template),
      restored ? 'restored' : unchangedText(edit.template),
    ];
    const hint = `instrumented, but not by inject; go back to the manifest’s source`;
    return { cells, below: !restored && isInstrumented(edit.template) ? [style.dim(`    ${hint}`)] : [] };
  });
  const restored = templates.filter(({ edit }) => edit.operations.length > 0).length;
  const end = check ? ' Nothing was written (--check).' : '';
  const unseen = unseenIn(files).map((each) => unseenRow(each, style));
  return `${table([...rows, ...unseen])}${countTemplates(templates.map(({ edit }) => edit.template))}: ${restored} restored.${end}\n`;
}

function reportJson(files: readonly File[], refused: readonly OutriderError[]): string {
  const templates = templatesOf(files).map(({ file, number, line, edit: { template, operations } }) => ({
    file,
    document: number,
    line,
    pointer: template.path,
    kind: template.kind,
    name: template.name,
    restored: operations.length > 0,
    instrumented: isInstrumented(template),
  }));
  const restored = templates.filter((template) => template.restored).length;
  const summary = { files: files.length, templates: templates.length, restored };
  const notLookedAt = unseenIn(files);
  const unseen = notLookedAt.length === 0 ? {} : { notLookedAt };
  return `${JSON.stringify({ templates, ...unseen, ...errorsJson(refused), summary }, undefined, 2)}\n`;
}

function unchangedText(template: TemplateEdit['template']): string {
  if ('pod' in template) return `unchanged: no annotation ${names.undo}`;
  return template.format === 'dockerrun' ? 'unchanged: no --undo-file' : `unchanged: no record ${names.undo}`;
}

function isInstrumented(template: TemplateEdit['template']): boolean {
  if (!('pod' in template)) return false;
  const { pod } = template;
  return objectOf(objectOf(pod['metadata'])?.['labels'])?.[names.status] !== undefined;
}

function templatesOf(files: readonly File[]) {
  return files.flatMap(({ input, documents }) =>
    documents.flatMap(({ document, number, edits }) =>
      edits.map((edit) => ({ file: input.name, line: document.line, number, edit })),
    ),
  );
}
