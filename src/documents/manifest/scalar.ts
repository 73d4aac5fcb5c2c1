/** A scalar's value, and its exact JSON text where the value could not hold the number. */
export interface ResolvedScalar {
  readonly value: null | boolean | number | string;
  readonly exact: string | undefined;
}

const words: ReadonlyMap<string, null | boolean> = new Map<string, null | boolean>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE', 'y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE', 'n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
]);

const decimal = /^[-+]?(0|[1-9][0-9]*)$/;
const based = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+))$/;
const float = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;

/**
 * What an unquoted YAML scalar means to kubectl, whose reader is YAML 1.1 without base-60 numbers and time stamps:
 * `yes` is a boolean, `0644` is octal, `1:30` and `2001-01-01` are strings.
 */
export function resolvePlain(source: string): ResolvedScalar {
  const word = words.get(source);
  if (word !== undefined) return { value: word, exact: undefined };
  if (!/^[-+.0-9]/.test(source)) return { value: source, exact: undefined };
  const digits = source.replaceAll('_', '');
  if (decimal.test(digits)) return resolveNumber(digits);
  const other = based.exec(digits);
  if (other !== null) {
    const [, sign, hex, octal, binary] = other;
    const prefixed = hex !== undefined ? `0x${hex}` : octal !== undefined ? `0o${octal}` : `0b${binary ?? '0'}`;
    return resolveNumber(`${sign === '-' ? '-' : ''}${BigInt(prefixed).toString()}`);
  }
  return float.test(digits) ? resolveNumber(digits) : { value: source, exact: undefined };
}

/**
 * A decimal number. Where a double cannot hold it, its exact JSON text comes with it (E30).
 *
 * @param digits an integer or float in YAML's or JSON's form
 */
export function resolveNumber(digits: string): ResolvedScalar {
  const value = Number(digits);
  // Minus zero is a double, but JSON's writers make a zero of it (W15).
  const held = Number.isFinite(value) && !Object.is(value, -0) && significance(digits) === significance(String(value));
  return { value, exact: held ? undefined : jsonNumber(digits) };
}

/** The same text for all ways to write one number: its digits without zeros around them, and where the point is. */
function significance(digits: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^([-+]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([-+]?[0-9]+))?$/.exec(digits) ?? [];
  const all = `${whole}${fraction}`.replace(/^0+/, '');
  const trimmed = all.replace(/0+$/, '');
  if (trimmed === '') return '0';
  const scale = Number(exponent) - fraction.length + (all.length - trimmed.length);
  return `${sign === '-' ? '-' : ''}${trimmed}e${scale}`;
}

function jsonNumber(digits: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = ''] =
    /^([-+]?)([0-9]*)(?:\.([0-9]*))?([eE][-+]?[0-9]+)?$/.exec(digits) ?? [];
  const integer = whole.replace(/^0+(?=[0-9])/, '');
  return `${sign === '-' ? '-' : ''}${integer === '' ? '0' : integer}${fraction === '' ? '' : `.${fraction}`}${exponent}`;
}
