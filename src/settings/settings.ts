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
  /** Name of the settings file and what its document holds, where there is one. */
  readonly file?: { readonly name: string; readonly value: unknown } | undefined;
}

/**
 * Name of the settings file, which must be known before the other settings are read.
 * @returns `undefined` when none is given
 */
export function settingsFileName(sources: Omit<SettingSources, 'file'>): string | undefined {
  const name = readSetting('settingsFile', settingsTable.settingsFile, sources, {});
  return name === '' ? undefined : name;
}

/**
 * Reads every setting: a flag wins over a variable, that over the file, that over the default.
 * @throws OutriderError `usage`, with the setting, where its value came from and what is allowed
 */
export function readSettings(sources: SettingSources): Settings {
  const file = sources.file === undefined ? {} : valuesOf(sources.file);
  // Each value was parsed by the row of its own key, which is what the mapped type says.
  const settings = Object.fromEntries(
    settingKeys.map((key) => [key, readSetting<unknown>(key, settingsTable[key], sources, file)]),
  ) as Settings;
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
