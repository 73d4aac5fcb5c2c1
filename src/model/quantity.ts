/** Decimal and binary suffixes of a Kubernetes quantity, as powers of ten and of two. */
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binary: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };

const form = /^([+-]?)(?=\.?\d)(\d{0,20})(?:\.(\d{0,20}))?(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,2}))?$/;

/**
 * Reads a quantity (apimachinery `resource.Quantity`) exactly.
 *
 * @returns its value in billionths (10⁻⁹), rounded up as Kubernetes does; `undefined` for anything else
 */
export function parseQuantity(text: unknown): bigint | undefined {
  if (typeof text === 'number' && Number.isFinite(text)) return parseQuantity(String(text));
  if (typeof text !== 'string') return undefined;
  const match = form.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', suffix = '', exponent] = match;
  const digits = BigInt(whole + fraction);
  const power = binary[suffix];
  let value: bigint;
  if (power !== undefined) {
    value = scale((digits << BigInt(power)) * 1_000_000_000n, -fraction.length);
  } else {
    const tens = exponent === undefined ? (decimal[suffix] ?? 0) : Number(exponent);
    value = scale(digits, tens + 9 - fraction.length);
  }
  return sign === '-' ? -value : value;
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

function formatQuantity(billionths: bigint, asBinary: boolean): string {
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
