import { didYouMean } from '../model/nearest.js';
import type { ProfileSetting, SettingValue } from '../model/profile.js';
import { matchesPattern } from './pattern.js';

const maxValueLength = 4096;

/**
 * Why a value is not one of the setting's; `undefined` when it is. The text goes on from the field's name: `is "us-2",
 * which is not allowed; did you mean us2? Give one of us1, us2.`
 */
export function valueProblem(setting: ProfileSetting, value: SettingValue): string | undefined {
  const wrongType = typeProblem(setting, value);
  if (wrongType !== undefined) return wrongType;
  if (setting.enum !== undefined && !setting.enum.includes(value)) {
    const allowed = setting.enum.map(String);
    const hint = didYouMean(String(value), allowed);
    return `is ${quote(value)}, which is not allowed${hint === '' ? ';' : hint} give one of ${allowed.join(', ')}`;
  }
  if (typeof value === 'string') {
    if (value.length > maxValueLength) return `is longer than ${maxValueLength} characters; shorten it`;
    if (setting.pattern !== undefined && !matchesPattern(setting.pattern, value)) {
      return `is ${quote(value)}, which does not match ${setting.pattern}; give ${setting.description}`;
    }
  }
  if (typeof value === 'number') {
    if (setting.minimum !== undefined && value < setting.minimum) {
      return `is ${value}; give ${setting.minimum} or more`;
    }
    if (setting.maximum !== undefined && value > setting.maximum) {
      return `is ${value}; give ${setting.maximum} or less`;
    }
  }
  return undefined;
}

function typeProblem(setting: ProfileSetting, value: SettingValue): string | undefined {
  switch (setting.type) {
    case 'string':
      return typeof value === 'string' ? undefined : `is the ${typeof value} ${value}; put it in quotes, it is text`;
    case 'integer':
      return Number.isSafeInteger(value) ? undefined : `is ${quote(value)}; give a whole number, without quotes`;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `is ${quote(value)}; give true or false, without quotes`;
  }
}

/** A value as it is shown to people: text in quotes and cut, anything else as it is. */
export function quote(value: SettingValue): string {
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value);
}
