import { isJsonObject, type JsonObject } from '../../json.ts';
import { mergeSchemas } from './schema-merge.ts';

/** Parts of one tool's schema that are read; what lies beyond may be any JSON. */
const NODES_MAX = 4_000;
/** A schema that contains itself is unrolled this often. */
const SAME_REFERENCE_MAX = 2;
const ALL_OF_MAX = 64;

/** One schema with its references followed, `allOf` merged and `const` made an `enum`; what is inside is still raw. */
export interface ReadSchema {
  readonly schema: JsonObject;
  /** The references that led here. */
  readonly references: readonly string[];
  /** What could not be followed, for the description. */
  readonly notes: readonly string[];
}

/** Reads one JSON Schema, node by node. Ends on every input: recursion and the number of nodes are bounded. */
export class SchemaReader {
  readonly #root: unknown;
  #nodesLeft = NODES_MAX;

  constructor(root: unknown) {
    this.#root = root;
  }

  /** Reads the schema at one place; anything that is none accepts everything. */
  read(node: unknown, references: readonly string[]): ReadSchema {
    const size = isJsonObject(node) ? 1 + Object.keys(node).length : 1;
    this.#nodesLeft -= size;
    if (!isJsonObject(node) || this.#nodesLeft < 0) return { schema: {}, references, notes: [] };
    const { $ref, allOf, const: only, ...own } = node;
    const schema: JsonObject = 'const' in node && !('enum' in own) ? { ...own, enum: [only] } : own;
    let result: ReadSchema = { schema, references, notes: [] };
    if (typeof $ref === 'string') result = this.#joined(result, this.#follow($ref, references));
    if (Array.isArray(allOf)) {
      for (const part of allOf.slice(0, ALL_OF_MAX)) {
        result = this.#joined(result, this.read(part, result.references));
      }
    }
    return result;
  }

  #joined(result: ReadSchema, more: ReadSchema): ReadSchema {
    this.#nodesLeft -= propertyCount(result.schema) + propertyCount(more.schema);
    const merged = mergeSchemas(result.schema, more.schema);
    return {
      schema: merged.schema,
      references: more.references,
      notes: [...result.notes, ...more.notes, ...merged.notes],
    };
  }

  #follow(reference: string, references: readonly string[]): ReadSchema {
    const target = pointed(this.#root, reference);
    const uses = references.filter((used) => used === reference).length;
    if (target !== undefined && uses < SAME_REFERENCE_MAX)
      return this.read(target, [...references, reference]);
    const type = isJsonObject(target) && typeof target.type === 'string' ? target.type : 'object';
    const notes = [`Same shape as ${reference.split('/').at(-1)}.`];
    return { schema: { type }, references, notes };
  }
}

function propertyCount({ properties }: JsonObject): number {
  return isJsonObject(properties) ? Object.keys(properties).length : 0;
}

// A JSON pointer in this document; others cannot be followed.
function pointed(root: unknown, reference: string): unknown {
  if (reference === '#') return root;
  if (!reference.startsWith('#/')) return undefined;
  let value = root;
  for (const segment of reference.slice(2).split('/')) {
    if (typeof value !== 'object' || value === null) return undefined;
    const key = unescaped(segment);
    if (!Object.hasOwn(value, key)) return undefined;
    value = (value as JsonObject)[key]; // an array has its indexes as keys
  }
  return value;
}

function unescaped(segment: string): string {
  const text = segment.replaceAll('~1', '/').replaceAll('~0', '~');
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a bare percent sign is a name like any other
  }
}
