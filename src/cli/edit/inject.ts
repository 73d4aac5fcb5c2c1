import { version } from '../../model/version.js';
import { exitCodes, type CommandDefinition, type Invocation } from '../command.js';
import { Delivery, isChanged } from './deliver.js';
import { addFailOnOption, failOn, failuresIn, failuresText } from './fail-on.js';
import type { EditedFile } from '../files/edited-file.js';
import { ownImageHint, ownImageIn, toolsVariable } from './own-image.js';
import { injectReport, injectReportJson, isHeld, type Said } from './report.js';
import { instrumentFiles } from '../offline/instrument-files.js';
import type { InstrumentedTemplate } from '../offline/instrument-templates.js';
import type { Engine } from '../../engine/engine.js';
import { rewriteImage } from '../../inject/rewrite-image.js';
import type { Output } from '../io.js';
import { lookupSettingKeys } from '../image/lookups.js';
import { addNamespaceOptions } from '../options/namespaces.js';
import {
  addInputOption,
  addOutputOptions,
  inputArgument,
  inputPaths,
  outputOptions,
  type OutputOptions,
} from '../options/output.js';
import { addPolicyOptions, loadPolicies } from '../options/policy.js';
import { clusterSettingKeys, commandSettings } from '../options/settings.js';
import { styleOf, useColour } from '../text/style.js';
import { addOnlyOption, addUndoFileOption } from '../options/task.js';
import { addTemplatePathOption } from '../options/template-path.js';
import { templateName } from '../files/template-names.js';
import { printRefused } from '../files/refused.js';
import { tooLargeToApply } from './too-large.js';
import { readUndoFile, undoFileRecord, writeUndoFile } from './undo-file.js';

const injectSettings = commandSettings({
  'Cluster:': [...clusterSettingKeys, 'instance'],
  'Look-up:': lookupSettingKeys,
});

const noUndo = 'A Dockerrun file keeps no undo record: give --undo-file FILE for uninject to take this back.';

type File = EditedFile<InstrumentedTemplate>;

/** The result of a run. */
interface Result extends Said {
  readonly files: readonly File[];
  /** The files that are written. */
  readonly given: readonly File[];
}

/** `outrider inject`: manifests in, instrumented manifests out. */
export const command: CommandDefinition = {
  configure(command, { programName }) {
    command.argument(...inputArgument);
    addInputOption(command);
    addOutputOptions(command);
    addPolicyOptions(command);
    addNamespaceOptions(command);
    injectSettings.addTo(command);
    addTemplatePathOption(command);
    addFailOnOption(command);
    addOnlyOption(command);
    addUndoFileOption(command, 'where to write how the Dockerrun file is given back, for uninject');
    command.usage('FILE... (--policy PATH | --profile NAME) [OPTIONS]');
    command.addHelpText(
      'after',
      `
Examples:
  ${programName} inject web.yaml --profile sysdig --set region=us2 --tools-image REGISTRY/outrider:${version} | kubectl apply -f -
  ${programName} inject https://example.com/web.yaml --policy policy.yaml
  kubectl get deploy web -o yaml | ${programName} inject -f - --policy policy.yaml -o diff
  ${programName} inject manifests/ --policy policy.yaml --in-place
  ${programName} inject -f manifests/ --policy policy.yaml --check --fail-on skip
  ${programName} inject fleet.yaml --policy policy.yaml --template-path Fleet=spec.template.spec.template
  ${programName} inject task.json --profile sysdig --set region=us2 --set accessKeySecretArn=ARN > task.new.json

Exit codes: 0 done; 1 --check and something would change, something that --fail-on names, a pod that may not run
uninstrumented under its policy, or what an earlier inject wrote and was edited since, so that it cannot be updated; 2
wrong usage, or bad input: a file that cannot be read is left as it is, and the others are done.`,
    );
  },
  run: inject,
};

async function inject(invocation: Invocation): Promise<number> {
  const { io } = invocation;
  const paths = inputPaths(invocation);
  const options = outputOptions(invocation, paths);
  const failing = failOn(invocation);
  const settings = injectSettings.read(invocation);
  const policies = await loadPolicies(invocation, settings);
  const undoFile = await readUndoFile(invocation);
  const said: string[] = [];
  const asking = options.report === 'json' ? { ...invocation, io: { ...io, stderr: gathering(said) } } : invocation;
  // The record of a Dockerrun has to be written before the Dockerrun.
  const delivery = new Delivery(options, io, { early: undoFile === undefined });
  const large: string[] = [];
  const { files, refused, engine } = await instrumentFiles(asking, paths, {
    settings,
    policies,
    trace: false,
    undoRecord: undoFile?.record,
    onFile: (file) => {
      if (isHeld(file)) return file;
      large.push(...tooLargeToApply([file]));
      return delivery.take(file);
    },
  });
  const held = files.filter(isHeld);
  const given = files.filter((file) => !isHeld(file));
  const undoRecord = undoFileRecord(given, undoFile);
  if (undoFile !== undefined && undoRecord !== undefined && !options.check) await writeUndoFile(undoFile, undoRecord);
  await delivery.end();
  const failed = failuresIn(files, failing, engine);
  const ownImage = ownImageIn(given, rewriteImage(settings.toolsImage, settings.imageRewrites), {
    flag: invocation.flags['toolsImage'],
    variable: io.env[toolsVariable],
  });
  const hints = [...said, ...large, ...(undoRecord !== undefined && undoFile === undefined ? [noUndo] : [])];
  report({ files, given, refused, failed, hints, ownImage }, engine, options, invocation);
  // A report for programs contains everything, and nothing else is printed (W30).
  if (options.report !== 'json') {
    for (const file of held) for (const line of denials(file)) io.stderr.write(`outrider: error: ${line}\n`);
    if (failed.length > 0) io.stderr.write(`outrider: error: ${failuresText(failed)}: exit code 1.\n`);
    printRefused(refused, io);
    if (options.report === 'text') {
      const notes = ownImage === undefined || options.check ? [] : [ownImageHint(ownImage)];
      for (const hint of [...hints, ...notes]) io.stderr.write(`${hint}\n`);
    }
  }
  if (refused.length > 0) return exitCodes.error;
  if (held.length > 0 || failed.length > 0) return exitCodes.findings;
  return options.check && files.some(isChanged) ? exitCodes.findings : exitCodes.ok;
}

/** Keeps the warnings of look-ups for a JSON report, since nothing else may be printed next to it. */
function gathering(said: string[]): Output {
  return { write: (text) => void said.push(text.trimEnd()), isTerminal: false, columns: undefined };
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
  { files, given, ...said }: Result,
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
