import type { Prefer } from '../model/policy.js';
import type { SettingValue } from '../model/profile.js';

/** What the expressions of a template stand for. */
export interface TemplateValues {
  readonly prefer: Prefer;
  /** Effective values; a setting that is not in here has none. */
  readonly settings: ReadonlyMap<string, SettingValue>;
}

/** One piece of a template: text as it is, a setting's value, or the policy's preference. */
export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'setting'; readonly setting: string }
  | { readonly kind: 'prefer' }
  | { readonly kind: 'unknown'; readonly expression: string };

const expressions = /\$\$\{|\$\{([^}]*)\}?/g;
const settingExpression = /^settings\.([A-Za-z0-9]+)$/;

/**
 * Takes a template apart. `${settings.NAME}` and `${prefer}` are expressions, `$${` is a literal `${`; any other
 * `${…}`, or one that is never closed, is `unknown`.
 */
export function parseTemplate(template: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let end = 0;
  for (const match of template.matchAll(expressions)) {
    if (match.index > end) parts.push({ kind: 'text', text: template.slice(end, match.index) });
    end = match.index + match[0].length;
    parts.push(match[0] === '$${' ? { kind: 'text', text: '${' } : expressionOf(match[0]));
  }
  if (end < template.length) parts.push({ kind: 'text', text: template.slice(end) });
  return parts;
}

/** Result of filling in a template. */
export type Expansion =
  | { readonly ok: true; readonly text: string }
  /** What has no value: a setting's name, or the unknown expression itself. */
  | { readonly ok: false; readonly missing: string };

/** Fills in a template. Values are put in as they are: an expression inside a value is not looked at. */
export function expandTemplate(template: string, values: TemplateValues): Expansion {
  let text = '';
  for (const part of parseTemplate(template)) {
    switch (part.kind) {
      case 'text':
        text += part.text;
        break;
      case 'prefer':
        text += values.prefer;
        break;
      case 'setting': {
        const value = values.settings.get(part.setting);
        if (value === undefined) return { ok: false, missing: part.setting };
        text += String(value);
        break;
      }
      case 'unknown':
        return { ok: false, missing: part.expression };
    }
  }
  return { ok: true, text };
}

function expressionOf(source: string): TemplatePart {
  if (source === '${prefer}') return { kind: 'prefer' };
  const setting = source.endsWith('}') ? settingExpression.exec(source.slice(2, -1))?.[1] : undefined;
  return setting === undefined ? { kind: 'unknown', expression: source } : { kind: 'setting', setting };
}
