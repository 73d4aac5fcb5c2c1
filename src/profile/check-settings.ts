import { didYouMean } from '../model/nearest.js';
import type { ProfileSetting, ProfileSpec } from '../model/profile.js';
import { validationRules } from '../model/validation-rules.js';
import { patternProblem } from './pattern.js';
import { valueProblem } from './setting-value.js';

type ProfileSettings = ProfileSpec['settings'];
type Report = (field: string, problem: string) => void;

/** Names under which people keep secrets; a setting or a plain variable of such a name would put one into the pod. */
export const secretName =
  /(access_?key|api_?key|app_?key|private_?key|secret_?key|token|password|passphrase|secret|credentials?)$/i;

/** Checks a profile's settings: defaults that a policy could not give, patterns that may never end, look-ups in circles. */
export function checkSettings(settings: ProfileSettings, report: Report): void {
  for (const [name, setting] of Object.entries(settings)) checkSetting(settings, name, setting, report);
}

/** What is wrong with a name of a setting that the profile does not have. */
export function unknownSetting(settings: ProfileSettings, name: string): string | undefined {
  const names = Object.keys(settings);
  if (names.includes(name)) return undefined;
  const hint = didYouMean(name, names) || ';';
  return `names the setting ${name}, which spec.settings does not have${hint} add it there`;
}

function checkSetting(settings: ProfileSettings, name: string, setting: ProfileSetting, report: Report): void {
  const field = `spec.settings.${name}`;
  const reportIf = (at: string, problem: string | undefined): void => {
    if (problem !== undefined) report(at, problem);
  };
  if (secretName.test(name)) {
    report(field, 'is named like a secret, and settings stand in pods in plain text; use fromSecret: credentials');
  }
  const badPattern = setting.pattern === undefined ? undefined : patternProblem(setting.pattern);
  if (badPattern !== undefined) report(`${field}.pattern`, badPattern);
  if (setting.type !== 'string' && setting.pattern !== undefined) {
    report(`${field}.pattern`, `is for text, and the setting is of type ${setting.type}; take it out`);
  }
  if (setting.minimum !== undefined && setting.maximum !== undefined && setting.minimum > setting.maximum) {
    report(`${field}.minimum`, validationRules.minimumBelowMaximum.message);
  }
  if (badPattern === undefined) {
    for (const [index, value] of (setting.enum ?? []).entries()) {
      reportIf(`${field}.enum[${index}]`, valueProblem(setting, value));
    }
    if (setting.default !== undefined) reportIf(`${field}.default`, valueProblem(setting, setting.default));
  }
  checkLookup(settings, name, setting, badPattern === undefined, report);
}

function checkLookup(
  settings: ProfileSettings,
  name: string,
  setting: ProfileSetting,
  patternIsGood: boolean,
  report: Report,
): void {
  const field = `spec.settings.${name}`;
  const { lookup } = setting;
  if (lookup === undefined) return;
  const unknown = unknownSetting(settings, lookup.setting);
  if (unknown !== undefined) {
    report(`${field}.lookup.setting`, unknown);
    return;
  }
  const visited = new Set([name]);
  for (let next: string | undefined = lookup.setting; next !== undefined;) {
    if (visited.has(next)) {
      report(`${field}.lookup.setting`, 'leads back to a setting on the way; break the circle');
      return;
    }
    visited.add(next);
    next = settings[next]?.lookup?.setting;
  }
  if (setting.type !== 'string' && lookup.table !== undefined) {
    report(`${field}.lookup.table`, `gives text, and the setting is of type ${setting.type}; make it a string`);
  } else if (patternIsGood) {
    for (const [key, value] of Object.entries(lookup.table ?? {})) {
      const problem = valueProblem(setting, value);
      if (problem !== undefined) report(`${field}.lookup.table.${key}`, problem);
    }
  }
}
