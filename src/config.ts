import { camelCase, environmentName, valueFrom, type Setting } from './config-setting.js';
import { checkTogether } from './config-check.js';
import { settingsTable } from './config-table.js';
import { readDocuments } from './documents/document-reader.js';
import { OutriderError } from './model/error.js';
import { isObject } from './model/json.js';

export { certificateMode } from './config-check.js';
export { settingsTable } from './config-table.js';

type Table = typeof settingsTable;
export type SettingKey = keyof Table;
type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** Every setting with its value. */
export type Settings = { readonly [K in SettingKey]: ValueOf<Table[K]> };

/** The keys of the table, in its order. */
export const settingKeys = Object.keys(settingsTable) as readonly SettingKey[];

/** What the settings are read from. */
export interface SettingSources {
  /** Flags as commander gives them, by the flag's name in camel case. Other keys are not looked at. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text and name of the settings file, where there is one. */
  readonly file?: { readonly name: string; readonly text: string } | undefined;
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
  const file = sources.file === undefined ? {} : readFile(sources.file);
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

function readFile({ name, text }: { readonly name: string; readonly text: string }): Readonly<Record<string, unknown>> {
  const { documents, problems } = readDocuments({ name, text }, 'usage');
  const [problem] = problems;
  if (problem !== undefined) throw problem;
  const [document, second] = documents;
  if (document === undefined) return {};
  if (second !== undefined) {
    throw new OutriderError('usage', `${name} has more than one document; keep one.`, { file: name });
  }
  const values = document.value;
  if (!isObject(values)) throw new OutriderError('usage', `${name} must be a mapping of settings.`, { file: name });
  for (const key of Object.keys(values)) {
    if (key === 'settingsFile' || !Object.hasOwn(settingsTable, key)) {
      const known = settingKeys.filter((other) => other !== 'settingsFile').join(', ');
      throw new OutriderError('usage', `${name} has the unknown setting ${key}; known are ${known}.`, {
        file: name,
        field: key,
      });
    }
  }
  return values;
}
