import type { Command } from 'commander';
import type { InstallationName } from '../../cluster/registration/pause.js';
import type { Invocation } from '../command.js';
import { textOf } from './flags.js';
import { addSettingOptions, settingsOf } from './settings.js';

/** Settings that say which installation is meant, by flag or variable. */
const installationSettings = ['instance', 'ownNamespace'] as const;

/** Gives a command the options that say which installation is meant. */
export function addInstallationOptions(command: Command): void {
  command.option('-n, --namespace <NAME>', 'namespace of the installation; short for --own-namespace');
  addSettingOptions(command, installationSettings, 'Installation:');
}

/**
 * Reads the options.
 * @throws OutriderError `usage`
 */
export function installationOf({ flags, io }: Invocation): InstallationName {
  const { instance, ownNamespace } = settingsOf({ flags, io }, installationSettings);
  return { instance, ownNamespace: textOf(flags['namespace']) ?? ownNamespace };
}
