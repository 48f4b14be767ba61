import { isObject, type JsonObject } from '../messages/json.ts';
import { invalidArgument } from './gemini-failure.ts';

/** The type of a field. `struct` is any object, `value` anything; both are taken as they are. */
export type ProtoType =
  | 'string'
  | 'bool'
  | 'int32'
  | 'double'
  | 'bytes'
  | 'struct'
  | 'value'
  | { readonly message: string }
  | { readonly list: ProtoType }
  | { readonly map: ProtoType }
  | { readonly oneOf: readonly string[]; readonly name: string };

/** Messages by name, each with its fields in camel case. */
export type ProtoShapes = Readonly<Record<string, Readonly<Record<string, ProtoType>>>>;

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const VIOLATIONS_MAX = 20;

/**
 * Reads JSON as Google's servers do: names in camel or snake case, and not one that the message does not have.
 * Returns it with all names in camel case. Throws ApiFailure that lists what is wrong.
 */
export function readProto(value: unknown, message: string, shapes: ProtoShapes): JsonObject {
  const violations: string[] = [];
  const read = readMessage(value, { message, path: '', shapes, violations });
  if (violations.length === 0) return read;
  throw invalidArgument(violations.slice(0, VIOLATIONS_MAX).join('\n'));
}

interface Place {
  readonly path: string;
  readonly shapes: ProtoShapes;
  readonly violations: string[];
}

function readMessage(value: unknown, place: Place & { readonly message: string }): JsonObject {
  const { message, path, shapes, violations } = place;
  if (!isObject(value)) {
    violations.push(`Invalid value at '${path}' (${message}), ${JSON.stringify(value)}`);
    return {};
  }
  const fields = shapes[message] ?? {};
  const read: Record<string, unknown> = {};
  for (const [given, inner] of Object.entries(value)) {
    const name = toCamel(given);
    const type = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (type === undefined) {
      const at = path === '' ? '' : ` at '${path}'`;
      violations.push(
        `Invalid JSON payload received. Unknown name "${given}"${at}: Cannot find field.`,
      );
    } else if (inner !== null) {
      const innerPath = path === '' ? toSnake(name) : `${path}.${toSnake(name)}`;
      read[name] = readField(inner, type, { ...place, path: innerPath });
    }
  }
  return read;
}

function readField(value: unknown, type: ProtoType, place: Place): unknown {
  const { path, violations } = place;
  if (typeof type === 'string') {
    if (!isScalar(value, type)) {
      const name = `TYPE_${type.toUpperCase()}`;
      violations.push(`Invalid value at '${path}' (${name}), ${JSON.stringify(value)}`);
    }
    return value;
  }
  if ('message' in type) return readMessage(value, { ...place, message: type.message });
  if ('list' in type) {
    if (!Array.isArray(value)) {
      violations.push(`Invalid value at '${path}' (repeated field), ${JSON.stringify(value)}`);
      return [];
    }
    return value.map((item, index) =>
      readField(item, type.list, { ...place, path: `${path}[${index}]` }),
    );
  }
  if ('map' in type) {
    if (!isObject(value)) {
      violations.push(`Invalid value at '${path}' (map), ${JSON.stringify(value)}`);
      return {};
    }
    return Object.fromEntries(
      Object.entries(value).map(([key, item], index) => [
        key,
        readField(item, type.map, { ...place, path: `${path}[${index}].value` }),
      ]),
    );
  }
  const word = typeof value === 'string' ? value.toUpperCase() : '';
  if (!type.oneOf.includes(word)) {
    violations.push(`Invalid value at '${path}' (${type.name}), ${JSON.stringify(value)}`);
  }
  return word;
}

function isScalar(value: unknown, type: string): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'bytes':
      return typeof value === 'string' && BASE64.test(value);
    case 'bool':
      return typeof value === 'boolean';
    case 'int32':
      return Number.isInteger(Number(value)) && typeof value !== 'boolean' && value !== '';
    case 'double':
      return typeof value === 'number';
    case 'struct':
      return isObject(value);
    default:
      return true;
  }
}

function toCamel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function toSnake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
