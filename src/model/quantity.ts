/** Decimal and binary suffixes of a Kubernetes quantity, as powers of ten and of two. */
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binary: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };

/**
 * A quantity that is not negative, as the API server reads it (apimachinery `resource.Quantity`), of at most twenty
 * digits on each side of the point. In a form that RE2 knows too, since it is in the resource definitions.
 */
export const quantityPattern =
  /^\+?([0-9]{1,20}(\.[0-9]{0,20})?|\.[0-9]{1,20})([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?$/;

/** The largest int64: what the API server makes of larger amounts in binary units. */
const largestBinary = ((1n << 63n) - 1n) * 1_000_000_000n;

/**
 * Reads a quantity (apimachinery `resource.Quantity`) exactly.
 *
 * @returns its value in billionths (10⁻⁹), rounded away from zero as Kubernetes does; `undefined` for anything else
 */
export function parseQuantity(text: unknown): bigint | undefined {
  if (typeof text === 'number' && Number.isFinite(text)) return parseQuantity(String(text));
  if (typeof text !== 'string') return undefined;
  if (/^-[0-9.]/.test(text)) {
    const value = parseQuantity(text.slice(1));
    return value === undefined ? undefined : -value;
  }
  const match = quantityPattern.exec(text);
  if (match === null) return undefined;
  const [, number = '', , suffix = ''] = match;
  const [whole = '', fraction = ''] = number.split('.');
  const digits = BigInt(whole + fraction);
  const power = binary[suffix];
  if (power !== undefined) {
    const value = scale((digits << BigInt(power)) * 1_000_000_000n, -fraction.length);
    return value > largestBinary ? largestBinary : value;
  }
  const tens = decimal[suffix] ?? Number(suffix.slice(1));
  return scale(digits, tens + 9 - fraction.length);
}

function scale(value: bigint, tens: number): bigint {
  if (tens >= 0) return value * 10n ** BigInt(tens);
  const divisor = 10n ** BigInt(-tens);
  return (value + divisor - 1n) / divisor;
}

/** Whether two quantities are the same amount, however they are written: the API server rewrites them. */
export function sameQuantity(a: unknown, b: unknown): boolean {
  const left = parseQuantity(a);
  return left !== undefined && left === parseQuantity(b);
}

/** Adds two quantities and writes the sum in the shortest exact form of the larger unit family that fits. */
export function addQuantities(a: string, b: string): string {
  const sum = (parseQuantity(a) ?? 0n) + (parseQuantity(b) ?? 0n);
  return formatQuantity(sum, /i$/.test(a) || /i$/.test(b));
}

/** Writes an amount in billionths, which is not negative, in the shortest exact form. @param asBinary Ki, Mi, … where they fit */
export function formatQuantity(billionths: bigint, asBinary: boolean): string {
  const units: readonly (readonly [bigint, string])[] = asBinary
    ? [
        [1n << 40n, 'Ti'],
        [1n << 30n, 'Gi'],
        [1n << 20n, 'Mi'],
        [1n << 10n, 'Ki'],
      ]
    : [];
  for (const [size, suffix] of units) {
    const unit = size * 1_000_000_000n;
    if (billionths !== 0n && billionths % unit === 0n) return `${billionths / unit}${suffix}`;
  }
  if (billionths % 1_000_000_000n === 0n) return String(billionths / 1_000_000_000n);
  if (billionths % 1_000_000n === 0n) return `${billionths / 1_000_000n}m`;
  if (billionths % 1_000n === 0n) return `${billionths / 1_000n}u`;
  return `${billionths}n`;
}
