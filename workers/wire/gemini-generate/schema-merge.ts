import { exactNumber } from '../../exact-json.ts';
import { isJsonObject, type JsonObject } from '../../json.ts';

/** Two schemas that both hold, as one. */
export interface MergedSchema {
  readonly schema: JsonObject;
  /** Rules that one schema cannot say, for its description. */
  readonly notes: readonly string[];
}

const LOWER_BOUNDS = [
  'minimum',
  'exclusiveMinimum',
  'minLength',
  'minItems',
  'minProperties',
] as const;
const UPPER_BOUNDS = [
  'maximum',
  'exclusiveMaximum',
  'maxLength',
  'maxItems',
  'maxProperties',
] as const;

/** Joins two schemas that both hold; where they cannot be joined the first one wins. Pure. */
export function mergeSchemas(first: JsonObject, second: JsonObject): MergedSchema {
  const schema: JsonObject = { ...second, ...first };
  for (const key of ['properties', 'items'] as const) mergeNested(schema, key, { first, second });
  if (Array.isArray(first.required) && Array.isArray(second.required))
    schema.required = [...new Set([...first.required, ...second.required])];
  if (Array.isArray(first.enum) && Array.isArray(second.enum))
    schema.enum = common(first.enum, second.enum);
  if (Array.isArray(first.type) && second.type !== undefined)
    schema.type = common(first.type, [second.type].flat());
  for (const key of LOWER_BOUNDS) mergeBound(schema, key, { first, second, pick: Math.max });
  for (const key of UPPER_BOUNDS) mergeBound(schema, key, { first, second, pick: Math.min });
  const isLost = typeof second.pattern === 'string' && schema.pattern !== second.pattern;
  return { schema, notes: isLost ? [`Also matches ${second.pattern}.`] : [] };
}

interface Pair {
  readonly first: JsonObject;
  readonly second: JsonObject;
}

// What both have is joined when it is read.
function mergeNested(schema: JsonObject, key: 'properties' | 'items', { first, second }: Pair) {
  const own = first[key];
  const other = second[key];
  if (!isJsonObject(own) || !isJsonObject(other)) return;
  if (key === 'items') {
    schema.items = { allOf: [own, other] };
    return;
  }
  const both = Object.keys(own).filter((name) => Object.hasOwn(other, name));
  const joined = both.map((name) => [name, { allOf: [own[name], other[name]] }] as const);
  schema.properties = { ...other, ...own, ...Object.fromEntries(joined) };
}

function mergeBound(
  schema: JsonObject,
  key: string,
  { first, second, pick }: Pair & { pick: (a: number, b: number) => number },
): void {
  const own = exactNumber(first[key]);
  const other = exactNumber(second[key]);
  if (own !== null && other !== null) schema[key] = pick(own, other);
}

function common(first: readonly unknown[], second: readonly unknown[]): readonly unknown[] {
  const kept = first.filter((value) => second.includes(value));
  return kept.length === 0 ? first : kept;
}
