import { Option, type Command } from 'commander';
import type { Setting } from '../../settings/setting.js';
import { readSettings, type SettingSources } from '../../settings/settings.js';
import { settingsTable, type SettingKey, type Settings } from '../../settings/table.js';
import { collect, type Invocation } from '../command.js';
import type { Io } from '../io.js';

/** Settings about the cluster that pods go to, which the offline commands share with `serve`. */
export const clusterSettingKeys = [
  'nativeSidecars',
  'imageVolumes',
  'podSecurityDefault',
  'openshift',
  'toolsImage',
  'agentUser',
  'imageRewrites',
  'ownPartsMayDiffer',
  'maxContainers',
  'sandboxedRuntimeClasses',
  'excludedNamespaces',
] as const satisfies readonly SettingKey[];

/** The values of {@link clusterSettingKeys}. */
export type ClusterSettings = Pick<Settings, (typeof clusterSettingKeys)[number]>;

/** The parts of an invocation that settings are read from. */
export type SettingsGiven = Pick<Invocation, 'flags'> & { readonly io: Pick<Io, 'env'> };

/** The settings that a command reads. They are declared once, so that each setting it reads also has a flag. */
export interface CommandSettings<Key extends SettingKey> {
  /** Gives the command their flags. */
  addTo(command: Command): void;
  /**
   * Reads them, from flags, variables and, for a command that has one, the settings file.
   *
   * @throws OutriderError `usage`
   */
  read(given: SettingsGiven, file?: SettingSources['file']): Pick<Settings, Key>;
}

/**
 * Declares a command's settings.
 *
 * @param groups their keys under the headings of the help text
 */
export function commandSettings<Key extends SettingKey>(
  groups: Readonly<Record<string, readonly Key[]>>,
): CommandSettings<Key> {
  return {
    addTo: (command) => {
      for (const [heading, keys] of Object.entries(groups)) addOptions(command, keys, heading);
    },
    read: ({ flags, io: { env } }, file) => readSettings({ flags, env, file }, Object.values(groups).flat()),
  };
}

function addOptions(command: Command, keys: readonly SettingKey[], heading: string): void {
  for (const key of keys) {
    const row: Setting<unknown> = settingsTable[key];
    const value = row.valueOptional ? `[${row.placeholder}]` : `<${row.placeholder}>`;
    const shown = row.defaultText === '' ? '' : ` (default: ${row.defaultText})`;
    const option = new Option(`--${row.flag} ${value}`, `${row.help}${shown}`).helpGroup(heading);
    if (row.repeatable) option.argParser(collect);
    command.addOption(option);
    if (row.valueOptional) command.addOption(new Option(`--no-${row.flag}`, row.help).helpGroup(heading).hideHelp());
  }
}
