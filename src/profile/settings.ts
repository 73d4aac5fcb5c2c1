import { OutriderError } from '../model/error.js';
import { didYouMean } from '../model/nearest.js';
import type { Profile, ProfileSetting, Settings, SettingValue } from '../model/profile.js';
import { valueProblem } from './setting-value.js';

/** Where a policy gives settings. */
const settingsField = 'spec.profile.settings';

/**
 * Everything that is wrong with a policy's settings for a profile, each as `settings_invalid` with its field, what is
 * allowed, and the near miss. An empty text counts as not given, so that a chart may pass on empty values.
 */
export function settingsProblems(profile: Profile, given: Settings): readonly OutriderError[] {
  const known = profile.spec.settings;
  const problems: OutriderError[] = [];
  for (const [name, value] of Object.entries(given)) {
    const setting = own(known, name);
    if (setting === undefined) {
      const names = Object.keys(known);
      const hint = didYouMean(name, names);
      const list = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
      problems.push(invalid(name, `is not a setting of profile ${profile.metadata.name}${hint || ';'} ${list}`));
    } else if (value !== '') {
      const problem = valueProblem(setting, value);
      if (problem !== undefined) problems.push(invalid(name, problem));
    }
  }
  if (problems.length > 0) return problems;
  const effective = effectiveSettings(profile, given);
  for (const [name, setting] of Object.entries(known)) {
    if (setting.required && !effective.has(name)) problems.push(missingSetting(profile, name));
  }
  return problems;
}

/**
 * The values that hold: what the policy gives, else what follows from another setting, else the default. A setting
 * with none of these is not in the result. Expects settings without problems.
 */
export function effectiveSettings(profile: Profile, given: Settings): ReadonlyMap<string, SettingValue> {
  const known = profile.spec.settings;
  const values = new Map<string, SettingValue>();
  for (const name of Object.keys(known)) {
    const value = valueOf(known, given, name, new Set());
    if (value !== undefined) values.set(name, value);
  }
  return values;
}

/** The error for a setting that has to have a value and has none. It names what the value could follow from, too. */
export function missingSetting(profile: Profile, name: string): OutriderError {
  const setting = own(profile.spec.settings, name);
  const source = setting?.lookup === undefined ? undefined : own(profile.spec.settings, setting.lookup.setting);
  if (setting?.lookup === undefined || source === undefined) {
    return invalid(name, `is missing, and profile ${profile.metadata.name} needs it: ${choices(setting)}`);
  }
  return invalid(
    setting.lookup.setting,
    `is missing, and profile ${profile.metadata.name} needs it or ${settingsField}.${name}: ${choices(source)}`,
  );
}

function choices(setting: ProfileSetting | undefined): string {
  if (setting === undefined) return 'give it';
  return setting.enum === undefined ? `give ${setting.description}` : `give one of ${setting.enum.join(', ')}`;
}

function valueOf(
  known: Readonly<Record<string, ProfileSetting>>,
  given: Settings,
  name: string,
  visited: Set<string>,
): SettingValue | undefined {
  const setting = own(known, name);
  if (setting === undefined || visited.has(name)) return undefined;
  const value = own(given, name);
  if (value !== undefined && value !== '') return value;
  if (setting.lookup !== undefined) {
    visited.add(name);
    const key = valueOf(known, given, setting.lookup.setting, visited);
    if (key !== undefined) {
      const found = setting.lookup.table === undefined ? key : own(setting.lookup.table, String(key));
      if (found !== undefined) return found;
    }
  }
  return setting.default === '' ? undefined : setting.default;
}

function invalid(setting: string, problem: string): OutriderError {
  const field = `${settingsField}.${setting}`;
  return new OutriderError('settings_invalid', `${field} ${problem}.`, { field });
}

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
