import { isObject, type JsonObject } from '../messages/json.ts';
import { toChunks } from '../script/chunks.ts';

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The pieces of a call's arguments, each an entry of `partialArgs`: strings in chunks, anything else whole. */
export function partialArgs(args: JsonObject): readonly JsonObject[] {
  return leaves(args, '$').flatMap(({ jsonPath, value }) => {
    if (typeof value !== 'string') return [{ jsonPath, ...scalar(value) }];
    const chunks = toChunks(value);
    return [
      ...chunks.map((stringValue) => ({ jsonPath, stringValue, willContinue: true })),
      { jsonPath, stringValue: '' },
    ];
  });
}

interface Leaf {
  readonly jsonPath: string;
  readonly value: unknown;
}

// An object or array without anything in it has no leaf: the true API cannot say it either.
function leaves(value: unknown, jsonPath: string): readonly Leaf[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => leaves(item, `${jsonPath}[${index}]`));
  }
  if (!isObject(value)) return [{ jsonPath, value }];
  return Object.entries(value).flatMap(([key, inner]) =>
    leaves(inner, PLAIN_KEY.test(key) ? `${jsonPath}.${key}` : `${jsonPath}[${quoted(key)}]`),
  );
}

function quoted(key: string): string {
  return `'${key.replace(/['\\]/g, '\\$&')}'`;
}

function scalar(value: unknown): JsonObject {
  if (typeof value === 'number') return { numberValue: value };
  return typeof value === 'boolean' ? { boolValue: value } : { nullValue: null };
}
