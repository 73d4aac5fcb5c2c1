import { isArray, isObject, type JsonValue } from '../../model/json.js';
import { resolvePlain } from '../manifest/scalar.js';
import type { DocumentStyle } from './style.js';

// Readers disagree about what else may be unquoted: YAML 1.1 and 1.2 have different numbers, booleans and nulls.
const plainText = /^(?:-{0,2}[A-Za-z]|_|\/|\.\/|\$\()[\w./=+@%$():;-]*(?: [\w./=+@%$();-][\w./=+@%$():;-]*)*$/;
const plainQuantity = /^[0-9]+(?:m|k|Ki|M|Mi|G|Gi|T|Ti)$/;
const reserved = /^(?:y|yes|n|no|on|off|true|false|null)$/i;
// Printable, and no line break but the line feed.
const literalText = /^(?!\s)[\t\n\u0020-\u007e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]*$/;

/** A scalar on one line, unquoted only where every reader of YAML 1.1 and 1.2 takes it for the same string. */
function renderScalar(value: null | boolean | number | string, quoteAlways = false): string {
  if (typeof value === 'number') return renderNumber(value);
  if (typeof value !== 'string') return JSON.stringify(value);
  return !quoteAlways && isPlain(value) ? value : quote(value);
}

/** YAML 1.1 takes 1e+21 for a string, and 1.0e+21 for a number. */
function renderNumber(value: number): string {
  return JSON.stringify(value).replace(/^(-?[0-9]+)e/, '$1.0e');
}

function isPlain(text: string): boolean {
  if (reserved.test(text) || text.endsWith(':') || text.length > 1000) return false;
  if (text.includes(': ')) return false;
  return plainQuantity.test(text) || (plainText.test(text) && resolvePlain(text).value === text);
}

function quote(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** True for what fits on the line of its key in block style: scalars, and collections without members. */
export function isInline(value: JsonValue): boolean {
  return isArray(value) ? value.length === 0 : !isObject(value) || Object.keys(value).length === 0;
}

/** The text of one member in block style; lines after the first are indented, the first is not. */
export function renderBlockMember(
  kind: 'map' | 'seq',
  key: string,
  value: JsonValue,
  column: number,
  style: DocumentStyle,
): string {
  const lead = kind === 'map' ? `${renderScalar(key)}:` : '-';
  return `${lead}${renderBlockValue(kind, value, column, style)}`;
}

/** All members of a collection in block style, one under the other. */
export function renderBlockBody(value: JsonValue, column: number, style: DocumentStyle): string {
  const members = isArray(value)
    ? value.map((item) => renderBlockMember('seq', '', item, column, style))
    : entriesOf(value).map(([key, item]) => renderBlockMember('map', key, item, column, style));
  return members.join(`${style.newline}${' '.repeat(column)}`);
}

/** Where the members of a block collection start that is in a mapping or sequence at `column`. */
export function bodyColumn(parent: 'map' | 'seq', value: JsonValue, column: number, style: DocumentStyle): number {
  if (parent === 'seq') return column + 2;
  return column + (isArray(value) ? style.sequenceIndent : blockStep(style));
}

function blockStep(style: DocumentStyle): number {
  return style.step.startsWith('\t') ? 2 : style.step.length;
}

function renderBlockValue(parent: 'map' | 'seq', value: JsonValue, column: number, style: DocumentStyle): string {
  if (isInline(value)) return ` ${renderInline(value, column, style)}`;
  const inner = bodyColumn(parent, value, column, style);
  const lead = parent === 'seq' ? ' ' : `${style.newline}${' '.repeat(inner)}`;
  return `${lead}${renderBlockBody(value, inner, style)}`;
}

/**
 * A scalar or an empty collection after a key or dash; a string of several lines becomes a literal block.
 *
 * @param column of the mapping or sequence it is in
 */
export function renderInline(value: JsonValue, column: number, style: DocumentStyle): string {
  if (isArray(value)) return '[]';
  if (isObject(value)) return '{}';
  if (typeof value !== 'string' || !value.includes('\n') || !literalText.test(value)) return renderScalar(value);
  if (/[ \t]\n|[ \t]$|\n\n$/.test(value)) return renderScalar(value);
  const indentation = ' '.repeat(column + blockStep(style));
  const lines = value.replace(/\n$/, '').split('\n');
  const indented = lines.map((line) => (line === '' ? '' : `${indentation}${line}`));
  return [value.endsWith('\n') ? '|' : '|-', ...indented].join(style.newline);
}

/** How a value is written inside brackets. */
export interface FlowLayout {
  /** Indentation of the line the value starts on when members stand on lines of their own, else `undefined`. */
  readonly indentation: string | undefined;
  /** Strings are in double quotes, always in JSON. */
  readonly quoteAlways: boolean;
}

/** A value in flow style, or as JSON. */
export function renderFlow(value: JsonValue, layout: FlowLayout, style: DocumentStyle): string {
  if (!isArray(value) && !isObject(value)) return renderFlowScalar(value, layout, style);
  const indentation = layout.indentation === undefined ? undefined : `${layout.indentation}${style.step}`;
  const inner = { ...layout, indentation };
  const [open, close] = isArray(value) ? ['[', ']'] : ['{', '}'];
  const members = isArray(value)
    ? value.map((item) => renderFlow(item, inner, style))
    : entriesOf(value).map(([key, item]) => renderFlowMember(key, item, inner, style));
  if (members.length === 0) return `${open}${close}`;
  if (indentation === undefined) return `${open}${members.join(`,${style.afterComma}`)}${close}`;
  const line = `${style.newline}${indentation}`;
  return `${open}${line}${members.join(`,${line}`)}${style.newline}${layout.indentation ?? ''}${close}`;
}

/** One member of a flow mapping. */
export function renderFlowMember(key: string, value: JsonValue, layout: FlowLayout, style: DocumentStyle): string {
  // Without a space after the colon YAML takes a plain key and its value for one scalar.
  const colon = style.format === 'json' ? `:${style.afterColon}` : ': ';
  return `${renderFlowScalar(key, layout, style)}${colon}${renderFlow(value, layout, style)}`;
}

function renderFlowScalar(value: null | boolean | number | string, layout: FlowLayout, style: DocumentStyle): string {
  if (style.format === 'json') return JSON.stringify(value);
  return renderScalar(value, layout.quoteAlways || (typeof value === 'string' && value.includes(':')));
}

function entriesOf(value: JsonValue): readonly (readonly [string, JsonValue])[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[key, item] as const]));
}
