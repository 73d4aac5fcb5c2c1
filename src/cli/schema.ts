import { Argument } from 'commander';
import { jsonSchemaText, schemaNames } from '../documents/schema/json-schemas.js';
import { exitCodes, type CommandDefinition } from './command.js';

/** `outrider schema`: prints the JSON schema of a kind of document, for editors. */
export const command: CommandDefinition = {
  configure(command, { programName }) {
    command.addArgument(new Argument('<NAME>', 'of which kind of document').choices(schemaNames));
    command.addHelpText(
      'after',
      `
An editor that knows the YAML language server checks and completes a file whose first line names its schema:

  # yaml-language-server: $schema=policy.schema.json

Example:
  ${programName} schema policy > policy.schema.json

Exit codes: 0 printed; 2 wrong usage.`,
    );
  },
  run({ args, io }) {
    const name = schemaNames.find((each) => each === args[0]);
    if (name !== undefined) io.stdout.write(jsonSchemaText(name));
    return Promise.resolve(name === undefined ? exitCodes.error : exitCodes.ok);
  },
};
