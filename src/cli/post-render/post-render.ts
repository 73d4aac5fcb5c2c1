import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Option } from 'commander';
import { OutriderError } from '../../model/error.js';
import { systemReason } from '../../model/system-error.js';
import { textOf, type CommandDefinition, type Invocation } from '../command.js';
import { command as inject } from '../edit/inject.js';
import { addFailOnOption } from '../edit/fail-on.js';
import { printErrors } from '../errors.js';
import { lookupSettingKeys } from '../image/lookups.js';
import type { Io } from '../io.js';
import { addNamespaceOptions } from '../options/namespaces.js';
import { addColourOption } from '../options/output.js';
import { addPolicyOptions } from '../options/policy.js';
import { clusterSettingKeys, commandSettings } from '../options/settings.js';
import { addTemplatePathOption } from '../options/template-path.js';

const settings = commandSettings({ 'Cluster:': [...clusterSettingKeys, 'instance'], 'Look-up:': lookupSettingKeys });

/** `outrider post-render`: runs `inject` between Helm's rendering and its installation. */
export const command: CommandDefinition = {
  configure(command, { programName }) {
    addPolicyOptions(command);
    addNamespaceOptions(command, 'namespace of manifests that name none (default: HELM_NAMESPACE, else default)');
    settings.addTo(command);
    addTemplatePathOption(command);
    addFailOnOption(command);
    command
      .option('--report-file <FILE>', 'also write the report here: Helm 4 shows nothing of what a post-renderer says')
      .addOption(
        new Option('--report <FORMAT>', 'form of the report: text (default) or json')
          .choices(['text', 'json'])
          .default('text'),
      )
      .option('-q, --quiet', 'no report; errors are still printed');
    addColourOption(command);
    command.usage('(--policy PATH | --profile NAME) [OPTIONS]');
    command.addHelpText(
      'after',
      `
It reads what Helm rendered from standard input and writes it to standard output, instrumented as ${programName} inject does.

Examples:
  helm upgrade --install web ./chart --post-renderer outrider \\
    --post-renderer-args --policy=policy.yaml    (Helm 4, with the plugin of deploy/helm-plugin)
  helm upgrade --install web ./chart --post-renderer outrider --post-renderer-args post-render \\
    --post-renderer-args --policy=policy.yaml    (Helm 3)

Exit codes: those of ${programName} inject. Helm installs nothing where it is not 0.`,
    );
  },
  run: postRender,
};

async function postRender({ flags, args, io }: Invocation): Promise<number> {
  const namespace = textOf(flags['namespace']) ?? (io.env['HELM_NAMESPACE'] || undefined);
  const said: string[] = [];
  const file = textOf(flags['reportFile']);
  try {
    return await inject.run({
      flags: { ...flags, file: ['-'], ...(namespace === undefined ? {} : { namespace }) },
      args,
      io: file === undefined ? io : { ...io, stderr: { ...io.stderr, write: copying(io.stderr, said) } },
    });
  } catch (error) {
    const stderr = { ...io.stderr, write: (text: string) => void said.push(text) };
    printErrors(error, { stderr }, { debug: false, json: flags['report'] === 'json' });
    throw error;
  } finally {
    if (file !== undefined) await writeReport(resolve(io.cwd, file), file, said.join(''));
  }
}

function copying(output: Io['stderr'], said: string[]): Io['stderr']['write'] {
  return (text) => {
    said.push(text);
    output.write(text);
  };
}

async function writeReport(path: string, name: string, text: string): Promise<void> {
  await writeFile(path, text).catch((cause: unknown) => {
    throw new OutriderError('file_unwritable', `${name}: it cannot be written (${systemReason(cause)}).`, {
      file: name,
      cause,
    });
  });
}
