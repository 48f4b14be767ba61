import { exactNumber } from '../../exact-json.ts';
import type { JsonObject } from '../../json.ts';

/** The JSON types a schema can name. */
export const SCHEMA_TYPES = [
  'object',
  'array',
  'string',
  'number',
  'integer',
  'boolean',
  'null',
] as const;
/** One of SCHEMA_TYPES. */
export type SchemaType = (typeof SCHEMA_TYPES)[number];

/** Formats that Gemini knows, by type; others are a 400. Source: protocol reference §3, schema subset. */
const FORMATS: Partial<Record<SchemaType, readonly string[]>> = {
  string: ['date-time', 'enum'],
  number: ['float', 'double'],
  integer: ['int32', 'int64'],
};
/** Gemini's regular expressions have no look-around and no back references. */
const UNSUPPORTED_PATTERN = /\(\?[=!<]|\\[1-9]/;

const ENUM_NOTE_VALUES_MAX = 50;

/** The types that a schema allows, as it says or as its keywords imply; empty = any. */
export function typesOf(schema: JsonObject): readonly SchemaType[] {
  const named = [schema.type]
    .flat()
    .map((type) => (typeof type === 'string' ? type.toLowerCase() : null));
  const known = SCHEMA_TYPES.filter((type) => named.includes(type));
  if (known.length > 0) return known;
  if ('properties' in schema || 'required' in schema || 'additionalProperties' in schema)
    return ['object'];
  if ('items' in schema || 'prefixItems' in schema) return ['array'];
  if (Array.isArray(schema.enum)) return enumTypes(schema.enum);
  if ('pattern' in schema || 'minLength' in schema || 'maxLength' in schema) return ['string'];
  if ('minimum' in schema || 'maximum' in schema) return ['number'];
  return [];
}

function enumTypes(values: readonly unknown[]): readonly SchemaType[] {
  const found = new Set(values.map((value) => jsonType(value)));
  return SCHEMA_TYPES.filter((type) => found.has(type));
}

function jsonType(value: unknown): SchemaType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  const number = exactNumber(value);
  if (number !== null) return Number.isInteger(number) ? 'integer' : 'number';
  if (typeof value === 'string' || typeof value === 'boolean') return typeof value as SchemaType;
  return 'object';
}

/** The keywords of numbers that Gemini knows; `notes` gets the rules that only words can say. */
export function numberKeywords(schema: JsonObject, type: SchemaType, notes: string[]): JsonObject {
  const isInteger = type === 'integer';
  const minimum = bound(schema, { inclusive: 'minimum', exclusive: 'exclusiveMinimum' });
  const maximum = bound(schema, { inclusive: 'maximum', exclusive: 'exclusiveMaximum' });
  const above = minimum.exclusive;
  const below = maximum.exclusive;
  let low = minimum.inclusive;
  let high = maximum.inclusive;
  if (above !== null && isInteger) low = Math.max(low ?? -Infinity, Math.floor(above) + 1);
  else if (above !== null) notes.push(`Greater than ${above}.`);
  if (below !== null && isInteger) high = Math.min(high ?? Infinity, Math.ceil(below) - 1);
  else if (below !== null) notes.push(`Less than ${below}.`);
  const multiple = exactNumber(schema.multipleOf);
  if (multiple !== null) notes.push(`A multiple of ${multiple}.`);
  return {
    ...formatKeyword(schema, type, notes),
    ...(low === null ? {} : { minimum: low }),
    ...(high === null ? {} : { maximum: high }),
  };
}

/** The keywords of strings that Gemini knows, without `enum`. */
export function stringKeywords(schema: JsonObject, notes: string[]): JsonObject {
  const { pattern } = schema;
  const isKept = typeof pattern === 'string' && !UNSUPPORTED_PATTERN.test(pattern);
  if (typeof pattern === 'string' && !isKept) notes.push(`Matches ${pattern}.`);
  return {
    ...formatKeyword(schema, 'string', notes),
    ...(isKept ? { pattern } : {}),
    ...counts(schema, ['minLength', 'maxLength']),
  };
}

/** `enum` as Gemini takes it: in the subset of strings only, none of them empty; `notes` gets the others. */
export function enumKeyword(
  schema: JsonObject,
  about: {
    readonly types: readonly SchemaType[];
    readonly notes: string[];
    readonly isNullable: boolean;
    readonly isSubset: boolean;
  },
): JsonObject {
  if (!Array.isArray(schema.enum)) return {};
  const values = [...new Set(schema.enum)].filter((value) => value !== null && value !== '');
  if (values.length === 0) return {};
  const { types, notes, isNullable, isSubset } = about;
  if (types.length === 1 && types[0] === 'string') {
    const texts = values.map((value) => (typeof value === 'string' ? value : asText(value)));
    return { enum: [...new Set(texts)] };
  }
  if (!isSubset) return { enum: isNullable ? [...values, null] : values };
  notes.push(`One of: ${values.slice(0, ENUM_NOTE_VALUES_MAX).map(asText).join(', ')}.`);
  return {};
}

function asText(value: unknown): string {
  return JSON.stringify(value);
}

/** Keywords whose value is a count, where they are one. */
export function counts(schema: JsonObject, keys: readonly string[]): JsonObject {
  const found = keys.filter((key) => {
    const count = exactNumber(schema[key]);
    return count !== null && Number.isInteger(count) && count >= 0;
  });
  return Object.fromEntries(found.map((key) => [key, exactNumber(schema[key])]));
}

function formatKeyword({ format }: JsonObject, type: SchemaType, notes: string[]): JsonObject {
  if (typeof format !== 'string') return {};
  if (FORMATS[type]?.includes(format)) return { format };
  if (type === 'string') notes.push(`Format: ${format}.`);
  return {};
}

// Draft 4 said "exclusive" with a flag beside the bound.
function bound(
  schema: JsonObject,
  keys: { inclusive: string; exclusive: string },
): { inclusive: number | null; exclusive: number | null } {
  const inclusive = exactNumber(schema[keys.inclusive]);
  if (schema[keys.exclusive] === true) return { inclusive: null, exclusive: inclusive };
  return { inclusive, exclusive: exactNumber(schema[keys.exclusive]) };
}
