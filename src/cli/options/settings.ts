import { Option, type Command } from 'commander';
import { environmentName, type Setting } from '../../settings/setting.js';
import { readSettings } from '../../settings/settings.js';
import { settingsTable, type SettingKey, type Settings } from '../../settings/table.js';
import type { Invocation } from '../command.js';

/** Settings about the cluster that pods go to, which the offline commands have in common with `serve`. */
export const clusterSettings = [
  'nativeSidecars',
  'imageVolumes',
  'podSecurityDefault',
  'openshift',
  'toolsImage',
  'imageRewrites',
  'sandboxedRuntimeClasses',
  'excludedNamespaces',
] as const satisfies readonly SettingKey[];

/** Gives a command options for rows of the settings table. */
export function addSettingOptions(command: Command, keys: readonly SettingKey[], heading: string): void {
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

/** Adds one more value of an option that may be given several times. */
export function collect(value: string, before: unknown): readonly string[] {
  return [...(Array.isArray(before) ? before.map(String) : []), value];
}

/**
 * The settings, where only some rows are read from flags and variables.
 *
 * @throws OutriderError `usage`
 */
export function settingsOf({ flags, io }: Pick<Invocation, 'flags' | 'io'>, keys: readonly SettingKey[]): Settings {
  const variables = new Set(keys.map((key) => environmentName(settingsTable[key].flag)));
  const env = Object.fromEntries(Object.entries(io.env).filter(([name]) => variables.has(name)));
  // A command's own options may be called as settings of `serve` are: only those of the rows are handed on.
  const names = new Set(keys.map((key) => new Option(`--${settingsTable[key].flag}`).attributeName()));
  return readSettings({ flags: Object.fromEntries(Object.entries(flags).filter(([name]) => names.has(name))), env });
}

/** Without a cluster, settings that are `auto` mean the usual. */
