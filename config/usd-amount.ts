import { z } from 'zod';
import { type Picodollars, parseUsd } from '../schemas/money.ts';
import type { Reader } from './reader.ts';

/** US dollars; beyond it an amount is a typing error. */
const USD_MAX = 1_000_000;
const DECIMAL = /^\d{1,7}(\.\d{1,12})?$/;

/** US dollars of a file, as a number or as digits: above 0, at most a million. */
export const usdAmountSchema = z
  .union([z.number().transform(String), z.string()])
  .refine((text) => DECIMAL.test(text) && Number(text) > 0 && Number(text) <= USD_MAX, {
    error: `must be US dollars above 0, at most ${USD_MAX}, like 2.50`,
  })
  .transform(parseUsd);

/** A variable that holds US dollars; `fallback` when it is unset. Zero = null: there is no such line. */
export function usdVariable(
  reader: Reader,
  name: string,
  fallback: Picodollars | null,
): Picodollars | null {
  const value = reader.decimal(name, USD_MAX);
  if (value === null) return fallback;
  const amount = parseUsd(reader.text(name) ?? '0');
  return amount === 0n ? null : amount;
}
