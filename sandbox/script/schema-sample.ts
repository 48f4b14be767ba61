const DEPTH_MAX = 16;
const ITEMS_MAX = 100;

type Schema = Readonly<Record<string, unknown>>;

/**
 * Makes a JSON value that a JSON Schema accepts; free strings hold `text`.
 *
 * Knows what structured outputs allow: types, enum, const, properties, required, items, anyOf, oneOf, allOf, $ref
 * into the schema itself, and bounds of numbers, strings and arrays.
 */
export function schemaSample(schema: unknown, text: string): unknown {
  return sample(schema, { root: schema, text, depth: 0 });
}

interface SampleContext {
  readonly root: unknown;
  readonly text: string;
  readonly depth: number;
}

function sample(schema: unknown, context: SampleContext): unknown {
  if (!isSchema(schema) || context.depth > DEPTH_MAX) return null;
  const inner = { ...context, depth: context.depth + 1 };
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0] ?? null;
  if (typeof schema['$ref'] === 'string')
    return sample(refTarget(schema['$ref'], context.root), inner);
  if (Array.isArray(schema['allOf'])) {
    return sample(Object.assign({}, ...schema['allOf'].filter(isSchema)), inner);
  }
  for (const choice of [schema['anyOf'], schema['oneOf']]) {
    if (Array.isArray(choice)) return sample(choice[0], inner);
  }
  return typedSample(schema, inner);
}

function typedSample(schema: Schema, context: SampleContext): unknown {
  const type = Array.isArray(schema['type']) ? schema['type'][0] : schema['type'];
  switch (type) {
    case 'string':
      return stringSample(schema, context.text);
    case 'number':
    case 'integer':
      return numberSample(schema);
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'array': {
      const count = Math.min(Math.max(numberOr(schema['minItems'], 1), 0), ITEMS_MAX);
      return Array.from({ length: count }, () => sample(schema['items'], context));
    }
    default:
      return objectSample(schema, context);
  }
}

function objectSample(schema: Schema, context: SampleContext): unknown {
  const properties = isSchema(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const names = new Set([...Object.keys(properties), ...required.map(String)]);
  return Object.fromEntries(
    [...names].map((name) => [name, sample(properties[name] ?? { type: 'string' }, context)]),
  );
}

function stringSample(schema: Schema, text: string): string {
  const formats: Readonly<Record<string, string>> = {
    'date-time': '2026-01-01T00:00:00Z',
    date: '2026-01-01',
    email: 'sandbox@example.com',
    uri: 'https://example.com/',
    uuid: '00000000-0000-4000-8000-000000000000',
  };
  const format = formats[String(schema['format'])];
  if (format !== undefined) return format;
  const padded = text.padEnd(Math.min(numberOr(schema['minLength'], 0), 10_000), '.');
  return padded.slice(0, numberOr(schema['maxLength'], padded.length));
}

function numberSample(schema: Schema): number {
  const above = typeof schema['exclusiveMinimum'] === 'number' ? schema['exclusiveMinimum'] + 1 : 0;
  const lowest = Math.max(numberOr(schema['minimum'], above), above);
  return Math.min(lowest, numberOr(schema['maximum'], lowest));
}

function refTarget(reference: string, root: unknown): unknown {
  let target: unknown = root;
  for (const name of reference.split('/').slice(1)) {
    target = isSchema(target) ? target[name.replaceAll('~1', '/').replaceAll('~0', '~')] : null;
  }
  return target;
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
