import { z } from 'zod';

/** Money: whole picodollars (10⁻¹² USD), so that no sum and no product of tokens and prices is ever rounded. */
export type Picodollars = bigint;

/** Digits of a dollar after its point. */
const USD_DIGITS = 12;
/** Picodollars of one US dollar. */
export const PICODOLLARS_PER_USD: Picodollars = 10n ** BigInt(USD_DIGITS);
/** Fraction digits of a factor in `times`. */
const FACTOR_DIGITS = 6;
const FACTOR_ONE = 10n ** BigInt(FACTOR_DIGITS);

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/;
const DECIMAL_CHARACTERS_MAX = 400;
const EXPONENT_MAX = 400;

/** Reads picodollars as they stand on wires: a string of decimal digits. */
export const picodollarsSchema = z
  .string()
  .regex(/^-?\d{1,30}$/, 'must be whole picodollars in digits')
  .transform((text): Picodollars => BigInt(text));

/** Writes picodollars as they stand on wires. */
export function writePicodollars(picodollars: Picodollars): string {
  return picodollars.toString();
}

/**
 * Reads a decimal like `0.25`, or as JavaScript spells numbers (`1e-7`), as a whole number of 10^-`fractionDigits`.
 *
 * What is finer is rounded half to even. Throws RangeError for anything else.
 */
export function parseDecimal(text: string, fractionDigits: number): bigint {
  const match = text.length > DECIMAL_CHARACTERS_MAX ? null : DECIMAL.exec(text);
  const exponent = Number(match?.[4] ?? 0);
  if (match === null || Math.abs(exponent) > EXPONENT_MAX) {
    throw new RangeError(`"${text.slice(0, 40)}" is no decimal number`);
  }
  const [, sign, whole = '', fraction = ''] = match;
  const digits = BigInt(`${whole}${fraction}`);
  const shift = fractionDigits - fraction.length + exponent;
  const scaled =
    shift >= 0 ? digits * 10n ** BigInt(shift) : divideHalfEven(digits, 10n ** BigInt(-shift));
  return sign === '-' ? -scaled : scaled;
}

/** Reads US dollars: `parseUsd('0.000837')`, `parseUsd(String(number))`. Throws RangeError when it is no decimal. */
export function parseUsd(text: string): Picodollars {
  return parseDecimal(text, USD_DIGITS);
}

/**
 * Writes US dollars without a sign of currency; `fractionDigits` (0 to 12) rounds half to even, without it the amount is
 * exact and has no zeros at its end.
 */
export function formatUsd(picodollars: Picodollars, fractionDigits?: number): string {
  const digits = fractionDigits ?? USD_DIGITS;
  const size = picodollars < 0n ? -picodollars : picodollars;
  const rounded = divideHalfEven(size, 10n ** BigInt(USD_DIGITS - digits));
  const text = rounded.toString().padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits);
  const fraction = text.slice(text.length - digits);
  const shown = fractionDigits === undefined ? fraction.replace(/0+$/, '') : fraction;
  const sign = picodollars < 0n && rounded !== 0n ? '-' : '';
  return shown === '' ? `${sign}${whole}` : `${sign}${whole}.${shown}`;
}

/** Reads a factor like `1.1` for `times`; at most six fraction digits count. Throws RangeError when it is no decimal. */
export function parseFactor(text: string): bigint {
  return parseDecimal(text, FACTOR_DIGITS);
}

/** An amount times a factor of `parseFactor`, rounded half to even. */
export function times(picodollars: Picodollars, factor: bigint): Picodollars {
  return factor === FACTOR_ONE ? picodollars : divideHalfEven(picodollars * factor, FACTOR_ONE);
}

/** A quotient rounded half to even. The divisor is positive. */
export function divideHalfEven(dividend: bigint, divisor: bigint): bigint {
  if (dividend < 0n) return -divideHalfEven(-dividend, divisor);
  const quotient = dividend / divisor;
  const twice = (dividend % divisor) * 2n;
  const isUp = twice > divisor || (twice === divisor && quotient % 2n === 1n);
  return isUp ? quotient + 1n : quotient;
}
