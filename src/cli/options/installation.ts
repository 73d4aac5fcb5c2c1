import type { Command } from 'commander';
import type { InstallationName } from '../../cluster/registration/pause.js';
import type { Invocation } from '../command.js';
import { installationSettingKeys } from './cluster.js';
import { textOf } from './flags.js';
import { commandSettings } from './settings.js';

const settings = commandSettings({ 'Installation:': installationSettingKeys });

/** Gives a command the options that say which installation is meant. */
export function addInstallationOptions(command: Command): void {
  command.option('-n, --namespace <NAME>', 'namespace of the installation; short for --own-namespace');
  settings.addTo(command);
}

/**
 * Reads the options.
 * @throws OutriderError `usage`
 */
export function installationOf(invocation: Invocation): InstallationName {
  const { instance, ownNamespace } = settings.read(invocation);
  return { instance, ownNamespace: textOf(invocation.flags['namespace']) ?? ownNamespace };
}
