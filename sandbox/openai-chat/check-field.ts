import type { ApiFailure } from '../api-failure.ts';
import { badChat } from './error-bodies.ts';

const ARTICLES: Readonly<Record<string, string>> = {
  array: 'an array',
  object: 'an object',
  string: 'a string',
  integer: 'an integer',
  number: 'a decimal',
  boolean: 'a boolean',
  null: 'null',
};

/** OpenAI's word for the type of a value. */
export function jsonType(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** The refusal of a value of another type. */
export function wrongType(param: string, expected: string, value: unknown): ApiFailure {
  const got = jsonType(value);
  const seen = got === 'null' ? 'null' : `${ARTICLES[got] ?? got}`;
  return badChat(
    `Invalid type for '${param}': expected ${ARTICLES[expected] ?? expected}, but got ${seen} instead.`,
    { param, code: 'invalid_type' },
  );
}

/** The refusal of a value that is not in its list. */
export function notSupported(
  param: string,
  value: unknown,
  allowed: readonly string[],
): ApiFailure {
  const quoted = allowed.map((one) => `'${one}'`);
  const list = `${quoted.slice(0, -1).join(', ')}, and ${quoted.at(-1)}`;
  return badChat(`Invalid value: '${String(value)}'. Supported values are: ${list}.`, {
    param,
    code: 'invalid_value',
  });
}

/** The refusal of a text that is too long. */
export function tooLong(param: string, lengthMax: number, length: number): ApiFailure {
  return badChat(
    `Invalid '${param}': string too long. Expected a string with maximum length ${lengthMax}, but got a string with length ${length} instead.`,
    { param, code: 'string_above_max_length' },
  );
}

/** The refusal of an array that has nothing in it. */
export function emptyArray(param: string): ApiFailure {
  return badChat(
    `Invalid '${param}': empty array. Expected an array with minimum length 1, but got an empty array instead.`,
    { param, code: 'empty_array' },
  );
}

/** The refusal of a field that this API does not have. */
export function unknownParameter(param: string): ApiFailure {
  return badChat(`Unknown parameter: '${param}'.`, { param, code: 'unknown_parameter' });
}

/** Throws ApiFailure for a value that is there and is no string. */
export function checkString(value: unknown, param: string): asserts value is string {
  if (typeof value !== 'string') throw wrongType(param, 'string', value);
}
