import { Option } from 'commander';
import { exitCodes, type CommandDefinition, type Invocation } from './command.js';
import { editFile, readFiles } from './edited-file.js';
import { explanationOf, type Explanation } from './explanation.js';
import { taskExplanationOf } from './explanation-task.js';
import { explanationText } from './explanation-text.js';
import { readInputs } from './inputs.js';
import { templateInstrumenter } from './instrument-template.js';
import { lookupSettings } from './lookup-options.js';
import { addNamespaceOptions } from './namespaces.js';
import { openEngine } from './offline-engine.js';
import { addColourOption, addInputOption, colourChoice, inputPaths } from './output-options.js';
import { addPolicyOptions, loadPolicies } from './policy-options.js';
import { addSettingOptions, clusterSettings } from './setting-options.js';
import { addOnlyOption, onlyOf } from './task-options.js';
import { styleOf, useColour } from './style.js';

/** `outrider explain`: what would become of each pod in manifests, and why. */
export const command: CommandDefinition = {
  configure(command, { programName }) {
    addInputOption(command);
    command.addOption(
      new Option('-o, --output <FORMAT>', 'text for people (default), or json').choices(['text', 'json']),
    );
    addColourOption(command);
    addPolicyOptions(command);
    addNamespaceOptions(command);
    addSettingOptions(command, clusterSettings, 'Cluster:');
    addSettingOptions(command, lookupSettings, 'Look-up:');
    addOnlyOption(command);
    command.usage('-f PATH (--policy PATH | --profile NAME) [OPTIONS]');
    command.addHelpText(
      'after',
      `
Examples:
  ${programName} explain -f web.yaml --profile sysdig --set region=us2
  kubectl get deploy web -o yaml | ${programName} explain -f - --policy policy.yaml
  ${programName} explain -f manifests/ --policy policy.yaml -o json

Exit codes: 0 explained, whatever the decision; 2 wrong usage or bad input.`,
    );
  },
  run: explain,
};

async function explain(invocation: Invocation): Promise<number> {
  const { io, flags } = invocation;
  const paths = inputPaths(invocation);
  const policies = await loadPolicies(invocation);
  const read = readFiles(await readInputs(paths, io));
  const engine = await openEngine(
    invocation,
    policies,
    read.flatMap(({ documents }) => documents),
  );
  const editor = templateInstrumenter(engine, onlyOf(invocation, read), true);
  const explanations: Explanation[] = [];
  try {
    for (const file of read) {
      const { documents } = await editFile(file, editor);
      for (const { document, number, edits } of documents) {
        const place = { file: file.input.name, document: number, line: document.line };
        for (const edit of edits) {
          if (edit.namespace === undefined) {
            explanations.push(taskExplanationOf(edit, place, policies.rules));
            continue;
          }
          const labels = engine.namespaces.labels(edit.namespace);
          explanations.push(explanationOf(edit, place, policies.rules, labels));
        }
      }
    }
  } finally {
    await engine.images.close();
  }
  if (flags['output'] === 'json') {
    io.stdout.write(`${JSON.stringify(explanations, undefined, 2)}\n`);
  } else if (explanations.length === 0) {
    io.stderr.write('There is no pod, no pod template and no task in the input.\n');
  } else {
    const style = styleOf(useColour(colourChoice(flags), io.stdout, io.env));
    io.stdout.write(explanations.map((each) => explanationText(each, style)).join('\n'));
  }
  return exitCodes.ok;
}
