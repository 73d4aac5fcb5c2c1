import { Option } from 'commander';

import { access, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { applySettings } from '../documents/configuration/set.js';
import { OutriderError } from '../model/error.js';
import { isObject } from '../model/json.js';
import { didYouMean } from '../model/nearest.js';
import type { Profile, Settings as ProfileSettings, SettingValue } from '../model/profile.js';
import { isNodeAgentTarget, nodeAgentTargets, renderNodeAgent } from '../profile/node-agent/render.js';
import { withTextSettings } from '../profile/node-agent/options.js';
import type { RenderedFile } from '../profile/node-agent/rendering.js';
import { nodeAgentProfile } from '../profile/registry.js';
import { collect, type CommandDefinition, exitCodes, type Invocation, textOf, textsOf } from './command.js';
import type { Io } from './io.js';

const profileName = nodeAgentProfile().metadata.name;

/** `outrider render PROFILE`: writes what switches on the vendor's own node agent, for each platform. */
export const command: CommandDefinition = {
  configure(command, { programName }) {
    command
      .argument('<PROFILE>', `the profile: ${profileName}`)
      .addOption(new Option('--for <PLATFORM>', `one of ${nodeAgentTargets.join(', ')}`))
      .addOption(
        new Option(
          '--set <KEY=VALUE>',
          'a setting, such as site=datadoghq.eu or networkEvents=false; repeatable',
        ).argParser(collect),
      )
      .addOption(
        new Option('-o, --output <FORMAT>', 'form of documents; default: the platform’s own').choices(['yaml', 'json']),
      )
      .option('--dir <DIR>', 'write the files into this folder instead; none is written over')
      .option('-q, --quiet', 'no notes; errors are still printed')
      .addHelpText('after', () => helpText(programName));
  },
  run: render,
};

async function render({ args, flags, io }: Invocation): Promise<number> {
  const profile = profileOf(args[0] ?? '');
  const target = textOf(flags['for']) ?? '';
  if (!isNodeAgentTarget(target)) {
    const what = target === '' ? 'there is no platform' : `${target} is no platform`;
    const hint = didYouMean(target, nodeAgentTargets) || ';';
    throw new OutriderError('usage', `${what}${hint} give --for with one of ${nodeAgentTargets.join(', ')}.`);
  }
  const rendering = renderNodeAgent(profile, target, profileSettings(profile, textsOf(flags['set'])));
  const format = (['yaml', 'json'] as const).find((choice) => choice === flags['output']);
  const files = rendering.files.map((file) => ({ name: file.name, text: textFor(file, format) }));
  const dir = textOf(flags['dir']);
  if (dir !== undefined) await write(files, dir, io);
  else {
    const [first, ...others] = files;
    if (others.length > 0 && format === 'json') {
      throw new OutriderError('usage', `${target} is several files; leave -o json out, or give --dir.`);
    }
    io.stdout.write(
      others.length === 0 ? (first?.text ?? '') : files.map(({ name, text }) => `---\n# ${name}\n${text}`).join(''),
    );
  }
  if (flags['quiet'] !== true) io.stderr.write(rendering.notes.map((note) => `note: ${note}\n`).join(''));
  return exitCodes.ok;
}

function profileOf(name: string): Profile {
  if (name === profileName) return nodeAgentProfile();
  throw new OutriderError('usage', `render knows the profile ${profileName} alone; ${JSON.stringify(name)} is not it.`);
}

function profileSettings(profile: Profile, assignments: readonly string[]): ProfileSettings {
  if (assignments.some((assignment) => /^(dd_?)?api_?key=/i.test(assignment))) {
    throw new OutriderError(
      'usage',
      'the API key is never given here: the result refers to a secret; see --set secretName and --set accessKeySecretArn.',
    );
  }
  const foreign = assignments.find((assignment) => assignment.startsWith('spec.'));
  if (foreign !== undefined) {
    throw new OutriderError('usage', `--set ${foreign} is a field of a policy, and there is none here.`);
  }
  const spec = applySettings({ profile: { name: profileName } }, assignments, withTextSettings(profile));
  const given = isObject(spec['profile']) ? spec['profile']['settings'] : undefined;
  const entries = Object.entries(isObject(given) ? given : {});
  return Object.fromEntries(entries.filter((entry): entry is [string, SettingValue] => isSettingValue(entry[1])));
}

function isSettingValue(value: unknown): value is SettingValue {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function textFor(file: RenderedFile, format: 'yaml' | 'json' | undefined): string {
  if ('text' in file) {
    if (format === undefined) return file.text;
    throw new OutriderError('usage', `${file.name} is a script and has one form; leave -o ${format} out.`);
  }
  if ((format ?? file.format) === 'json') return `${JSON.stringify(file.document, undefined, 2)}\n`;
  return stringify(file.document, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false });
}

/** Writes all files, or none. It does not overwrite an existing file. */
async function write(
  files: readonly { readonly name: string; readonly text: string }[],
  dir: string,
  io: Io,
): Promise<void> {
  const folder = resolve(io.cwd, dir);
  for (const { name } of files) {
    const there = await access(join(folder, name)).then(
      () => true,
      () => false,
    );
    if (!there) continue;
    const shown = join(dir, name);
    const message = `${shown}: it is there already, and is not written over; name another folder.`;
    throw new OutriderError('file_unwritable', message, { file: shown });
  }
  try {
    await mkdir(folder, { recursive: true });
    for (const { name, text } of files) await writeFile(join(folder, name), text, { flag: 'wx' });
  } catch (cause) {
    throw new OutriderError('file_unwritable', `${dir}: it cannot be written; check the path and its rights.`, {
      file: dir,
      cause,
    });
  }
  io.stderr.write(files.map(({ name }) => `wrote ${join(dir, name)}\n`).join(''));
}

function helpText(programName: string): string {
  const settings = Object.entries(withTextSettings(nodeAgentProfile()).spec.settings);
  const lines = settings.map(([name, { description, default: value }]) => {
    const shown = value === undefined ? '' : ` (default: ${String(value)})`;
    return `  ${name.padEnd(23)} ${description}${shown}`;
  });
  return `
Settings:
${lines.join('\n')}

Examples:
  ${programName} render ${profileName} --for helm > values.yaml
  ${programName} render ${profileName} --for host --dir datadog-agent
  ${programName} render ${profileName} --for ecs-ec2 --set accessKeySecretArn=arn:aws:secretsmanager:…

Exit codes: 0 rendered; 2 wrong usage, and nothing was written.`;
}
