import { isJsonObject } from '../../json.ts';

/** Real schemas nest a few levels; what is deeper does not qualify. */
const DEPTH_MAX = 32;

/**
 * True when a schema is fit for `strict`: every object in it names all its properties as required and allows no others.
 * Source: OpenAI's rules for structured outputs, protocol reference §7.1.
 */
export function isStrictSchema(schema: unknown, depth = 0): boolean {
  if (depth > DEPTH_MAX) return false;
  if (Array.isArray(schema)) return schema.every((entry) => isStrictSchema(entry, depth + 1));
  if (!isJsonObject(schema)) return true;
  if (schema.type === 'object' || isJsonObject(schema.properties)) {
    if (schema.additionalProperties !== false) return false;
    const names = isJsonObject(schema.properties) ? Object.keys(schema.properties) : [];
    const required = new Set<unknown>(Array.isArray(schema.required) ? schema.required : []);
    if (!names.every((name) => required.has(name))) return false;
  }
  return Object.values(schema).every((value) => isStrictSchema(value, depth + 1));
}
