import { exitCodes, type CommandDefinition, type Invocation } from '../command.js';
import { deliver, isChanged } from './deliver.js';
import type { EditedFile } from '../files/edited-file.js';
import { injectReport, injectReportJson, isHeld } from './report.js';
import { instrumentFiles } from '../offline/instrument-files.js';
import type { InstrumentedTemplate } from '../offline/instrument-templates.js';
import type { Engine } from '../../engine/engine.js';
import type { OutriderError } from '../../model/error.js';
import { lookupSettingKeys } from '../image/lookups.js';
import { addNamespaceOptions } from '../options/namespaces.js';
import { addInputOption, addOutputOptions, inputPaths, outputOptions, type OutputOptions } from '../options/output.js';
import { addPolicyOptions, loadPolicies } from '../options/policy.js';
import { clusterSettingKeys, commandSettings } from '../options/settings.js';
import { styleOf, useColour } from '../text/style.js';
import { addOnlyOption, addUndoFileOption } from '../options/task.js';
import { templateName } from '../files/template-names.js';
import { printRefused } from '../files/refused.js';
import { tooLargeToApply } from './too-large.js';
import { readUndoFile, undoFileRecord, writeUndoFile } from './undo-file.js';

const injectSettings = commandSettings({
  'Cluster:': [...clusterSettingKeys, 'instance'],
  'Look-up:': lookupSettingKeys,
});

type File = EditedFile<InstrumentedTemplate>;

/** `outrider inject`: manifests in, instrumented manifests out. */
export const command: CommandDefinition = {
  configure(command, { programName }) {
    addInputOption(command);
    addOutputOptions(command);
    addPolicyOptions(command);
    addNamespaceOptions(command);
    injectSettings.addTo(command);
    addOnlyOption(command);
    addUndoFileOption(command, 'where to write how the Dockerrun file is given back, for uninject');
    command.usage('-f PATH (--policy PATH | --profile NAME) [OPTIONS]');
    command.addHelpText(
      'after',
      `
Examples:
  ${programName} inject -f web.yaml --profile sysdig --set region=us2 | kubectl apply -f -
  kubectl get deploy web -o yaml | ${programName} inject -f - --policy policy.yaml -o diff
  ${programName} inject -f manifests/ --policy policy.yaml --in-place
  ${programName} inject -f manifests/ --policy policy.yaml --check
  ${programName} inject -f task.json --profile sysdig --set region=us2 --set accessKeySecretArn=ARN > task.new.json

Exit codes: 0 done; 1 --check and something would change, or a pod that may not run uninstrumented under its policy;
2 wrong usage, or bad input: a file that cannot be read is left as it is, and the others are done.`,
    );
  },
  run: inject,
};

async function inject(invocation: Invocation): Promise<number> {
  const { io } = invocation;
  const paths = inputPaths(invocation);
  const options = outputOptions(invocation, paths);
  const settings = injectSettings.read(invocation);
  const policies = await loadPolicies(invocation, settings);
  const undoFile = await readUndoFile(invocation);
  const { files, refused, engine } = await instrumentFiles(invocation, paths, { settings, policies, trace: false });
  const held = files.filter(isHeld);
  const given = files.filter((file) => !isHeld(file));
  const undoRecord = undoFileRecord(given, undoFile);
  if (undoFile !== undefined && undoRecord !== undefined && !options.check) await writeUndoFile(undoFile, undoRecord);
  if (held.length < files.length) await deliver(given, options, invocation);
  const hints = [
    ...tooLargeToApply(given),
    ...(undoRecord !== undefined && undoFile === undefined
      ? ['A Dockerrun file keeps no undo record: give --undo-file FILE for uninject to take this back.']
      : []),
  ];
  report({ files, given, refused, hints }, engine, options, invocation);
  // A report for programs says all of it, and nothing stands beside it (W30).
  if (options.report !== 'json') {
    for (const file of held) for (const line of denials(file)) io.stderr.write(`outrider: error: ${line}\n`);
    printRefused(refused, io);
    if (options.report === 'text') for (const hint of hints) io.stderr.write(`${hint}\n`);
  }
  if (refused.length > 0) return exitCodes.error;
  if (held.length > 0) return exitCodes.findings;
  return options.check && files.some(isChanged) ? exitCodes.findings : exitCodes.ok;
}

function denials({ input, documents }: File): readonly string[] {
  return documents.flatMap(({ document, edits }) =>
    edits.flatMap(({ template, denial }) =>
      denial === undefined
        ? []
        : [
            `${input.name}:${document.line}: ${templateName(template)} may not run as it is under policy ${denial.policy ?? ''}: ${denial.reason}: ${denial.detail}. ${input.name} is not written.`,
          ],
    ),
  );
}

function report(
  {
    files,
    given,
    ...said
  }: {
    readonly files: readonly File[];
    readonly given: readonly File[];
    readonly refused: readonly OutriderError[];
    readonly hints: readonly string[];
  },
  engine: Engine,
  { report: form, check, inPlace, colour }: OutputOptions,
  { io }: Invocation,
): void {
  if (form === 'none') return;
  if (form === 'json') {
    io.stderr.write(injectReportJson(files, engine, said));
    return;
  }
  const changed = given.filter(isChanged).length;
  const written = `${changed} ${changed === 1 ? 'file' : 'files'} written.`;
  const done = check ? 'Nothing was written (--check).' : inPlace ? written : '';
  io.stderr.write(injectReport(files, engine, styleOf(useColour(colour, io.stderr, io.env)), done));
}
