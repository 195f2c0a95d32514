/** A decimal number as its digits without the point, and how many of them stand behind it. */
export type Decimal = { readonly scaled: bigint; readonly decimals: number };

const pattern = /^\s*([-+]?)(\d{1,400})(?:\.(\d{0,400}))?(?:[eE]([-+]?\d{1,3}))?\s*$/;

/** Reads the server's text form of a number; undefined for what is none (NaN, Infinity, text). */
export function parseDecimal(text: string): Decimal | undefined {
  const [, sign, whole, fraction = '', exponent = '0'] = pattern.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const digits = BigInt(whole + fraction) * (sign === '-' ? -1n : 1n);
  const decimals = fraction.length - Number(exponent);
  return decimals >= 0 ? { scaled: digits, decimals } : { scaled: digits * 10n ** BigInt(-decimals), decimals: 0 };
}

export function formatDecimal({ scaled, decimals }: Decimal): string {
  const negative = scaled < 0n;
  const digits = String(negative ? -scaled : scaled).padStart(decimals + 1, '0');
  const split = digits.length - decimals;
  return `${negative ? '-' : ''}${digits.slice(0, split)}${decimals > 0 ? `.${digits.slice(split)}` : ''}`;
}

const widths: Readonly<Record<string, bigint>> = {
  tinyint: 8n,
  smallint: 16n,
  int2: 16n,
  mediumint: 24n,
  int: 32n,
  integer: 32n,
  int4: 32n,
  bigint: 64n,
  int8: 64n,
};

const largestFloat = (2n ** 24n - 1n) * 2n ** 104n;
const largestDouble = (2n ** 53n - 1n) * 2n ** 971n;

/** The largest absolute value that every value of the type's own sign may have; undefined where the type does not say. */
export function largestOf(sqlType: string): bigint | undefined {
  const [, name = '', precision, scale] = /^(\w+)(?:\((\d+)(?:,\s*(\d+))?\))?/.exec(sqlType.toLowerCase()) ?? [];
  const width = widths[name];
  if (width !== undefined) return 2n ** (sqlType.toLowerCase().includes('unsigned') ? width : width - 1n) - 1n;
  const isFloat = ['float', 'double', 'real', 'float4', 'float8'].includes(name);
  // MySQL's with a scale hold no more digits than a decimal; with one number, that is their precision in bits.
  if (isFloat && scale === undefined)
    return name === 'double' || name === 'float8' || Number(precision) > 24 ? largestDouble : largestFloat;
  if ((name === 'decimal' || name === 'numeric' || isFloat) && precision !== undefined)
    return 10n ** BigInt(Number(precision) - Number(scale ?? 0)) - 1n;
  return undefined;
}
