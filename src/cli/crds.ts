import { Option } from 'commander';
import { customResourceDefinitions, definitionsAsYaml } from '../documents/schema/crd.js';
import { exitCodes, type CommandDefinition } from './command.js';

/** `outrider crds`: prints the custom resource definitions of this version. */
export const command: CommandDefinition = {
  configure(command, { programName }) {
    command.addOption(
      new Option('-o, --output <FORMAT>', 'yaml or json (default: yaml)').choices(['yaml', 'json']).default('yaml'),
    );
    command.addHelpText(
      'after',
      `
Helm installs the definitions with the chart and never changes them again: apply them before an upgrade.

Examples:
  ${programName} crds | kubectl apply --server-side -f -
  ${programName} crds | kubectl apply --server-side --force-conflicts -f -   (where Helm made them)
  ${programName} crds -o json > crds.json

Exit codes: 0 printed; 2 wrong usage.`,
    );
  },
  run({ flags, io }) {
    if (flags['output'] === 'json') {
      const list = { apiVersion: 'v1', kind: 'List', items: customResourceDefinitions() };
      io.stdout.write(`${JSON.stringify(list, undefined, 2)}\n`);
    } else {
      io.stdout.write([...definitionsAsYaml().values()].join('---\n'));
    }
    return Promise.resolve(exitCodes.ok);
  },
};
