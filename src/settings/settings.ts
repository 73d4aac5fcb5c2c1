import { checkTogether } from './check.js';
import { camelCase, environmentName, valueFrom, type Setting } from './setting.js';
import { settingsTable, type SettingKey, type Settings } from './table.js';
import { OutriderError } from '../model/error.js';
import { isObject } from '../model/json.js';

/** The keys of the table, in its order. */
export const settingKeys = Object.keys(settingsTable) as readonly SettingKey[];

/** What the settings are read from. */
export interface SettingSources {
  /** Flags as commander gives them, by the flag's name in camel case. Other keys are not looked at. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * What is after flags and variables, by the settings' keys, and its name: the settings file, or, for a command that
   * asks about an installation, that one's flags.
   */
  readonly file?: { readonly name: string; readonly value: unknown } | undefined;
}

/**
 * Name of the settings file, which must be known before the other settings are read.
 * @returns `undefined` when none is given
 */
export function settingsFileName(sources: Omit<SettingSources, 'file'>): string | undefined {
  const { settingsFile } = readSettings(sources, ['settingsFile']);
  return settingsFile === '' ? undefined : settingsFile;
}

/**
 * Reads the settings that are asked for, and no others: a flag wins over a variable, that over the file, that over the
 * default. What settings must hold together is checked where all of them are asked for.
 * @throws OutriderError `usage`, with the setting, where its value came from and what is allowed; also for a file with
 *   a key that is not a setting's, asked for or not
 */
export function readSettings<Key extends SettingKey>(
  sources: SettingSources,
  keys: readonly Key[],
): Pick<Settings, Key> {
  const file = sources.file === undefined ? {} : valuesOf(sources.file);
  // Each value was parsed by the row of its own key, which is what the mapped type says.
  const settings = Object.fromEntries(
    keys.map((key) => [key, readSetting<unknown>(key, settingsTable[key], sources, file)]),
  ) as Pick<Settings, Key>;
  checkTogether(settings);
  return settings;
}

function readSetting<T>(
  key: string,
  setting: Setting<T>,
  { flags, env, file }: SettingSources,
  fileValues: Readonly<Record<string, unknown>>,
): T {
  const given = flags[camelCase(setting.flag)];
  if (given !== undefined) return valueFrom(setting, given, `--${setting.flag}`);
  const variable = env[environmentName(setting.flag)];
  if (variable !== undefined) return valueFrom(setting, variable, environmentName(setting.flag));
  const value = fileValues[key];
  if (value !== undefined) return valueFrom(setting, value, `${key} in ${file?.name ?? 'the settings file'}`);
  return setting.default;
}

function valuesOf({ name, value }: NonNullable<SettingSources['file']>): Readonly<Record<string, unknown>> {
  if (value === undefined) return {};
  if (!isObject(value)) throw new OutriderError('usage', `${name} must be a mapping of settings.`, { file: name });
  for (const key of Object.keys(value)) {
    if (key === 'settingsFile' || !Object.hasOwn(settingsTable, key)) {
      const known = settingKeys.filter((other) => other !== 'settingsFile').join(', ');
      throw new OutriderError('usage', `${name} has the unknown setting ${key}; known are ${known}.`, {
        file: name,
        field: key,
      });
    }
  }
  return value;
}
