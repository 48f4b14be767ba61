import { isJsonObject, type JsonObject } from '../../json.ts';
import type { SchemaReader } from './schema-reader.ts';

const VARIANTS_MAX = 32;

/** The alternatives of a schema, `null` apart. */
export interface Variants {
  /** `anyOf` or `oneOf` without the ones that only allow null. */
  readonly options: readonly unknown[];
  /** True when null is one of them. */
  readonly hasNull: boolean;
}

/** The alternatives that a schema offers; no options = it offers none. */
export function variantsOf({ anyOf, oneOf }: JsonObject): Variants {
  const all = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : [];
  const options = all.filter((option) => !isNull(option));
  return { options: options.slice(0, VARIANTS_MAX), hasNull: options.length < all.length };
}

function isNull(option: unknown): boolean {
  if (!isJsonObject(option)) return false;
  const { type, const: only, enum: values } = option;
  if (type !== undefined) return [type].flat().every((name) => name === 'null');
  if ('const' in option) return only === null;
  return Array.isArray(values) && values.length > 0 && values.every((value) => value === null);
}

/**
 * An object with alternatives as one object that allows them all: every property of each, required what each
 * requires. Gemini takes no alternatives beside properties, and none at all as a tool's parameters.
 */
export function foldVariants(
  schema: JsonObject,
  options: readonly unknown[],
  { reader, references }: { reader: SchemaReader; references: readonly string[] },
): JsonObject {
  const { anyOf: _anyOf, oneOf: _oneOf, ...own } = schema;
  const read = options.map((option) => reader.read(option, references).schema);
  const objects = read.filter(({ properties }) => isJsonObject(properties));
  if (objects.length === 0) return own;
  const properties = new Map<string, unknown[]>();
  for (const object of objects) {
    for (const [name, property] of Object.entries(object.properties as JsonObject)) {
      const known = properties.get(name) ?? [];
      properties.set(name, [...known, property]);
    }
  }
  const folded = Array.from(properties, ([name, all]): [string, unknown] => [
    name,
    all.length === 1 ? all[0] : { anyOf: all },
  ]);
  const always = stringsOf(objects[0]?.required).filter((name) =>
    objects.every(({ required }) => stringsOf(required).includes(name)),
  );
  return {
    ...own,
    type: 'object',
    properties: { ...Object.fromEntries(folded), ...asObject(own.properties) },
    required: [...new Set([...stringsOf(own.required), ...always])],
  };
}

/** The strings of an array; anything else has none. */
export function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

function asObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
