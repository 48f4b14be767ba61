import { isJsonObject, type JsonObject } from '../../json.ts';
import {
  counts,
  enumKeyword,
  numberKeywords,
  type SchemaType,
  stringKeywords,
  typesOf,
} from './schema-keywords.ts';
import { SchemaReader } from './schema-reader.ts';
import { foldVariants, stringsOf, variantsOf } from './schema-variants.ts';

/** What a sanitised schema is written for. */
export interface SchemaOptions {
  /** `subset`: Gemini's own schema objects (`parameters`, v1); `json-schema`: `parametersJsonSchema` (v1beta1). */
  readonly mode: 'subset' | 'json-schema';
  /** Called with the name of a property that cannot be carried. */
  readonly onDropped?: (property: string) => void;
}

/** Deeper parts may be any JSON: Gemini refuses schemas that are nested too far. */
const DEPTH_MAX = 24;
/** Source: protocol reference §3, function calling rules. */
const PROPERTY_NAME_CHARACTERS_MAX = 64;

/**
 * Rewrites an object's JSON Schema with the keywords that Gemini takes; an unknown one is a 400.
 *
 * References are inlined (a schema that contains itself is unrolled twice), `allOf` merged, rules without a keyword
 * told in the description. Ends on every input, and its output is bounded. Source: protocol reference §3.
 */
export function sanitizeSchema(schema: unknown, options: SchemaOptions): JsonObject {
  return new SchemaWriter(schema, options).root();
}

interface Place {
  readonly references: readonly string[];
  readonly depth: number;
}

class SchemaWriter {
  readonly #reader: SchemaReader;
  readonly #root: unknown;
  readonly #options: SchemaOptions;

  constructor(root: unknown, options: SchemaOptions) {
    this.#reader = new SchemaReader(root);
    this.#root = root;
    this.#options = options;
  }

  get #isSubset(): boolean {
    return this.#options.mode === 'subset';
  }

  root(): JsonObject {
    const { schema, references } = this.#reader.read(this.#root, []);
    const folded = foldVariants(schema, variantsOf(schema).options, {
      reader: this.#reader,
      references,
    });
    return this.#typed({ ...folded, enum: undefined }, ['object'], {
      place: { references, depth: 0 },
      notes: [],
      isNullable: false,
    });
  }

  #write(node: unknown, { references: above, depth }: Place): JsonObject {
    if (depth > DEPTH_MAX) return this.#any({}, []);
    const read = this.#reader.read(node, above);
    const place = { references: read.references, depth };
    const notes = [...read.notes];
    let { schema } = read;
    const { options, hasNull } = variantsOf(schema);
    if (options.length > 0) {
      if (!isJsonObject(schema.properties)) return this.#alternatives(schema, { ...place, notes });
      schema = foldVariants(schema, options, { reader: this.#reader, references: read.references });
    }
    const named = typesOf(schema);
    const types = named.filter((type) => type !== 'null');
    const isNullable = hasNull || schema.nullable === true || types.length < named.length;
    if (types.length === 0) return this.#any(schema, notes, isNullable);
    if (types.length > 1 && this.#isSubset) {
      const split = types.map((type) => ({ ...schema, type, nullable: isNullable }));
      return this.#alternatives({ anyOf: split }, { ...place, notes });
    }
    return this.#typed(schema, types, { place, notes, isNullable });
  }

  // Gemini's subset takes nothing beside anyOf: what stands there is said in every alternative.
  #alternatives(
    schema: JsonObject,
    { references, depth, notes }: Place & { notes: readonly string[] },
  ): JsonObject {
    const { options, hasNull } = variantsOf(schema);
    const { anyOf: _anyOf, oneOf: _oneOf, ...shared } = schema;
    const isNullable = hasNull || shared.nullable === true;
    const rest = described({ ...shared, ...(isNullable ? { nullable: true } : {}) }, notes);
    const place = { references, depth: depth + 1 };
    const written = options.map((option) => this.#write({ allOf: [option, rest] }, place));
    const [only] = written;
    return written.length === 1 && only !== undefined ? only : { anyOf: written };
  }

  #typed(
    schema: JsonObject,
    types: readonly SchemaType[],
    about: { place: Place; notes: string[]; isNullable: boolean },
  ): JsonObject {
    const { place, notes, isNullable } = about;
    const keywords: JsonObject = {};
    for (const type of types) Object.assign(keywords, this.#keywords(schema, type, place, notes));
    Object.assign(
      keywords,
      enumKeyword(schema, { types, notes, isNullable, isSubset: this.#isSubset }),
    );
    const { title, default: preset } = schema;
    return described(
      {
        ...this.#type(types, isNullable),
        ...(typeof title === 'string' && title !== '' ? { title } : {}),
        ...(typeof schema.description === 'string' ? { description: schema.description } : {}),
        ...keywords,
        ...(preset === undefined || preset === null ? {} : { default: preset }),
      },
      notes,
    );
  }

  #type(types: readonly SchemaType[], isNullable: boolean): JsonObject {
    const [first = 'string'] = types;
    if (this.#isSubset)
      return { type: first.toUpperCase(), ...(isNullable ? { nullable: true } : {}) };
    const all = isNullable ? [...types, 'null'] : types;
    return { type: all.length === 1 ? first : all };
  }

  #keywords(schema: JsonObject, type: SchemaType, place: Place, notes: string[]): JsonObject {
    if (type === 'object') return this.#objectKeywords(schema, place, notes);
    if (type === 'array') return this.#arrayKeywords(schema, place);
    if (type === 'string') return stringKeywords(schema, notes);
    return type === 'boolean' ? {} : numberKeywords(schema, type, notes);
  }

  #objectKeywords(schema: JsonObject, place: Place, notes: string[]): JsonObject {
    const below = { ...place, depth: place.depth + 1 };
    const all = isJsonObject(schema.properties) ? Object.entries(schema.properties) : [];
    const carried = all.filter(([name, property]) => property !== false && this.#isCarried(name));
    const properties = carried.map(([name, property]) => [name, this.#write(property, below)]);
    const names = new Set(carried.map(([name]) => name));
    const required = [...new Set(stringsOf(schema.required))].filter((name) => names.has(name));
    const { additionalProperties: more } = schema;
    const isOpen = isJsonObject(more) || more === true;
    if (this.#isSubset && isOpen && properties.length === 0) notes.push('Any keys are allowed.');
    return {
      ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
      ...(required.length === 0 ? {} : { required }),
      ...(this.#isSubset || !(isOpen || more === false)
        ? {}
        : { additionalProperties: isJsonObject(more) ? this.#write(more, below) : more }),
      ...counts(schema, ['minProperties', 'maxProperties']),
    };
  }

  #isCarried(name: string): boolean {
    if (name !== '' && name.length <= PROPERTY_NAME_CHARACTERS_MAX) return true;
    this.#options.onDropped?.(name);
    return false;
  }

  #arrayKeywords(schema: JsonObject, place: Place): JsonObject {
    const below = { ...place, depth: place.depth + 1 };
    const { items, prefixItems } = schema;
    const tuple = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : null;
    const rest = isJsonObject(items) ? [items] : [];
    const limits = counts(schema, ['minItems', 'maxItems']);
    if (tuple === null || tuple.length === 0)
      return { items: this.#write(rest[0] ?? {}, below), ...limits };
    if (this.#isSubset)
      return { items: this.#write({ anyOf: [...tuple, ...rest] }, below), ...limits };
    const prefix = tuple.map((item) => this.#write(item, below));
    const more = rest.length === 0 ? {} : { items: this.#write(rest[0], below) };
    return { prefixItems: prefix, ...more, ...limits };
  }

  // The subset needs a type; text is the one that every model fills.
  #any(schema: JsonObject, notes: readonly string[], isNullable = false): JsonObject {
    const { description } = schema;
    const said = typeof description === 'string' ? { description } : {};
    if (!this.#isSubset) return described(said, notes);
    const base = { type: 'STRING', ...(isNullable ? { nullable: true } : {}), ...said };
    return described(base, [...notes, 'Any JSON value.']);
  }
}

function described(schema: JsonObject, notes: readonly string[]): JsonObject {
  if (notes.length === 0) return schema;
  const { description } = schema;
  const texts = typeof description === 'string' && description !== '' ? [description] : [];
  return { ...schema, description: [...texts, ...new Set(notes)].join(' ') };
}
