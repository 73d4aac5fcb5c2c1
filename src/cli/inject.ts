import { exitCodes, type CommandDefinition, type Invocation } from './command.js';
import { deliver, isChanged } from './deliver.js';
import { editFile, readFiles, type EditedFile } from './edited-file.js';
import { readInputs } from './inputs.js';
import { injectReport, injectReportJson, isHeld } from './inject-report.js';
import { instrumentTemplate, type InstrumentedTemplate } from './instrument-template.js';
import { addNamespaceOptions } from './namespaces.js';
import { openEngine } from './offline-engine.js';
import { addInputOption, addOutputOptions, inputPaths, outputOptions, type OutputOptions } from './output-options.js';
import { addPolicyOptions, loadPolicies } from './policy-options.js';
import { addSettingOptions, clusterSettings } from './setting-options.js';
import { styleOf, useColour } from './style.js';
import { templateName } from './template-name.js';

type File = EditedFile<InstrumentedTemplate>;

/** `outrider inject`: manifests in, instrumented manifests out. */
export const command: CommandDefinition = {
  configure(command, { programName }) {
    addInputOption(command);
    addOutputOptions(command);
    addPolicyOptions(command);
    addNamespaceOptions(command);
    addSettingOptions(command, clusterSettings, 'Cluster:');
    command.usage('-f PATH (--policy PATH | --profile NAME) [OPTIONS]');
    command.addHelpText(
      'after',
      `
Examples:
  ${programName} inject -f web.yaml --profile sysdig --set region=us2 | kubectl apply -f -
  kubectl get deploy web -o yaml | ${programName} inject -f - --policy policy.yaml -o diff
  ${programName} inject -f manifests/ --policy policy.yaml --in-place
  ${programName} inject -f manifests/ --policy policy.yaml --check

Exit codes: 0 done; 1 --check and something would change, or a pod that may not run uninstrumented under its policy;
2 wrong usage or bad input, and nothing was written.`,
    );
  },
  run: inject,
};

async function inject(invocation: Invocation): Promise<number> {
  const { io } = invocation;
  const paths = inputPaths(invocation);
  const options = outputOptions(invocation, paths);
  const policies = await loadPolicies(invocation);
  const read = readFiles(await readInputs(paths, io));
  const engine = await openEngine(
    invocation,
    policies,
    read.flatMap(({ documents }) => documents),
  );
  const files: File[] = [];
  try {
    for (const file of read) {
      files.push(await editFile(file, (template) => instrumentTemplate(template, engine, false)));
    }
  } finally {
    await engine.images.close();
  }
  const held = files.filter(isHeld);
  const given = files.filter((file) => !isHeld(file));
  if (held.length < files.length) await deliver(given, options, invocation);
  report(files, given, options, invocation);
  for (const file of held) for (const line of denials(file)) io.stderr.write(`outrider: error: ${line}\n`);
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
  files: readonly File[],
  given: readonly File[],
  { report: form, check, inPlace, colour }: OutputOptions,
  { io }: Invocation,
): void {
  if (form === 'none') return;
  if (form === 'json') {
    io.stderr.write(injectReportJson(files));
    return;
  }
  const changed = given.filter(isChanged).length;
  const written = `${changed} ${changed === 1 ? 'file' : 'files'} written.`;
  const done = check ? 'Nothing was written (--check).' : inPlace ? written : '';
  io.stderr.write(injectReport(files, styleOf(useColour(colour, io.stderr, io.env)), done));
}
