import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isJsonObject } from '../../../../workers/json.ts';
import { sanitizeSchema } from '../../../../workers/wire/gemini-generate/schema.ts';

/** Source: protocol reference §3, schema subset. */
const SUBSET_KEYWORDS = [
  'type',
  'properties',
  'required',
  'items',
  'enum',
  'description',
  'title',
  'nullable',
  'format',
  'default',
  'anyOf',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'minLength',
  'maxLength',
  'minProperties',
  'maxProperties',
  'pattern',
];
const JSON_SCHEMA_KEYWORDS = [...SUBSET_KEYWORDS, 'additionalProperties', 'prefixItems'].filter(
  (keyword) => keyword !== 'nullable',
);

function checkKeywords(schema: unknown, allowed: readonly string[]): void {
  if (!isJsonObject(schema)) return;
  for (const [keyword, value] of Object.entries(schema)) {
    assert.ok(allowed.includes(keyword), `${keyword} is not known to Gemini`);
    if (keyword === 'properties' && isJsonObject(value))
      for (const property of Object.values(value)) checkKeywords(property, allowed);
    if (keyword === 'items' || keyword === 'additionalProperties') checkKeywords(value, allowed);
    if ((keyword === 'anyOf' || keyword === 'prefixItems') && Array.isArray(value))
      for (const option of value) checkKeywords(option, allowed);
  }
}

function subset(schema: unknown): Record<string, unknown> {
  const written = sanitizeSchema(schema, { mode: 'subset' });
  checkKeywords(written, SUBSET_KEYWORDS);
  return written;
}

function jsonSchema(schema: unknown): Record<string, unknown> {
  const written = sanitizeSchema(schema, { mode: 'json-schema' });
  checkKeywords(written, JSON_SCHEMA_KEYWORDS);
  return written;
}

/** The schema of one property, in both modes. */
function property(schema: unknown, root: object = {}): { subset: unknown; json: unknown } {
  const whole = { type: 'object', properties: { p: schema }, ...root };
  const read = (written: Record<string, unknown>): unknown =>
    isJsonObject(written.properties) ? written.properties.p : undefined;
  return { subset: read(subset(whole)), json: read(jsonSchema(whole)) };
}

describe('sanitizeSchema()', () => {
  it('keeps what Gemini knows and drops the rest', () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: 'x',
      type: 'object',
      properties: {
        a: { type: 'string', minLength: 1, pattern: '^a', examples: ['a'], 'x-y': 1 },
        b: { type: 'array', items: { type: 'number', format: 'double' }, uniqueItems: true },
      },
      required: ['a', 'gone'],
      additionalProperties: false,
      patternProperties: { '^x': {} },
      if: {},
    };
    assert.deepEqual(jsonSchema(schema), {
      type: 'object',
      properties: {
        a: { type: 'string', pattern: '^a', minLength: 1 },
        b: { type: 'array', items: { type: 'number', format: 'double' } },
      },
      required: ['a'],
      additionalProperties: false,
    });
    assert.deepEqual(subset(schema), {
      type: 'OBJECT',
      properties: {
        a: { type: 'STRING', pattern: '^a', minLength: 1 },
        b: { type: 'ARRAY', items: { type: 'NUMBER', format: 'double' } },
      },
      required: ['a'],
    });
  });

  it('turns exclusive bounds of integers into bounds, those of numbers into words', () => {
    assert.deepEqual(
      property({ type: 'integer', exclusiveMinimum: 0, exclusiveMaximum: 10, minimum: -5 }).json,
      { type: 'integer', minimum: 1, maximum: 9 },
    );
    assert.deepEqual(property({ type: 'number', exclusiveMinimum: 0, multipleOf: 0.5 }).json, {
      type: 'number',
      description: 'Greater than 0. A multiple of 0.5.',
    });
    assert.deepEqual(property({ type: 'integer', minimum: 3, exclusiveMinimum: true }).json, {
      type: 'integer',
      minimum: 4,
    });
  });

  it('turns const into enum, and enums that are not text into words where it must', () => {
    assert.deepEqual(property({ const: 'deleted' }).subset, { type: 'STRING', enum: ['deleted'] });
    assert.deepEqual(property({ type: 'string', enum: ['', 1, 'a', null] }).subset, {
      type: 'STRING',
      enum: ['1', 'a'],
    });
    assert.deepEqual(property({ type: 'integer', enum: [1, 2] }).subset, {
      type: 'INTEGER',
      description: 'One of: 1, 2.',
    });
    assert.deepEqual(property({ type: 'integer', enum: [1, 2] }).json, {
      type: 'integer',
      enum: [1, 2],
    });
  });

  it('turns null among the types into nullable', () => {
    assert.deepEqual(property({ type: ['string', 'null'], description: 'd' }), {
      subset: { type: 'STRING', nullable: true, description: 'd' },
      json: { type: ['string', 'null'], description: 'd' },
    });
    assert.deepEqual(property({ anyOf: [{ type: 'string' }, { type: 'null' }] }), {
      subset: { type: 'STRING', nullable: true },
      json: { type: ['string', 'null'] },
    });
    assert.deepEqual(property({ type: 'integer', nullable: true }).json, {
      type: ['integer', 'null'],
    });
  });

  it('splits several types where one is wanted', () => {
    assert.deepEqual(property({ type: ['string', 'integer'], minimum: 1 }), {
      subset: { anyOf: [{ type: 'STRING' }, { type: 'INTEGER', minimum: 1 }] },
      json: { type: ['string', 'integer'], minimum: 1 },
    });
  });

  it('writes nothing beside anyOf', () => {
    const schema = {
      description: 'd',
      oneOf: [
        { type: 'string', enum: ['a'] },
        { const: 'b', description: 'own' },
      ],
    };
    assert.deepEqual(property(schema).subset, {
      anyOf: [
        { type: 'STRING', description: 'd', enum: ['a'] },
        { type: 'STRING', description: 'own', enum: ['b'] },
      ],
    });
  });

  it('merges allOf', () => {
    const schema = {
      type: 'string',
      allOf: [{ pattern: '^a' }, { pattern: 'b$', maxLength: 9 }, { maxLength: 5 }],
    };
    assert.deepEqual(property(schema).json, {
      type: 'string',
      pattern: '^a',
      maxLength: 5,
      description: 'Also matches b$.',
    });
    const parts = [
      { properties: { a: { type: 'string' } }, required: ['a'] },
      { properties: { a: { maxLength: 3 }, b: { type: 'boolean' } }, required: ['b'] },
    ];
    assert.deepEqual(jsonSchema({ type: 'object', allOf: parts }), {
      type: 'object',
      properties: { a: { type: 'string', maxLength: 3 }, b: { type: 'boolean' } },
      required: ['a', 'b'],
    });
  });

  it('inlines references', () => {
    const $defs = {
      'a/b': { type: 'string', description: 'theirs' },
      loop: { $ref: '#/$defs/loop' },
    };
    assert.deepEqual(property({ $ref: '#/$defs/a~1b', description: 'mine' }, { $defs }).json, {
      type: 'string',
      description: 'mine',
    });
    assert.deepEqual(property({ $ref: '#/$defs/loop' }, { $defs }).json, {
      type: 'object',
      description: 'Same shape as loop.',
    });
    assert.deepEqual(property({ $ref: 'https://example.com/x.json' }).subset, {
      type: 'OBJECT',
      description: 'Same shape as x.json.',
    });
  });

  it('unrolls a schema that contains itself twice', () => {
    const schema = {
      type: 'object',
      properties: { child: { $ref: '#' }, name: { type: 'string' } },
    };
    const text = JSON.stringify(jsonSchema(schema));
    assert.equal(text.match(/"name"/g)?.length, 3);
    assert.match(text, /Same shape as #/);
  });

  it('ends on references that multiply', () => {
    const fan = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`p${index}`, { $ref: '#' }]),
    );
    const tower: Record<string, unknown> = {};
    for (let level = 0; level < 60; level++) {
      const next = { $ref: `#/$defs/l${level + 1}` };
      tower[`l${level}`] = { properties: { a: next, b: next }, allOf: [next, next] };
    }
    const schemas = [
      { type: 'object', properties: fan },
      { type: 'object', $defs: tower, properties: { top: { $ref: '#/$defs/l0' } } },
      { allOf: [{ $ref: '#' }, { $ref: '#' }] },
      { anyOf: [{ $ref: '#' }, { $ref: '#' }], properties: { x: { anyOf: [{ $ref: '#' }] } } },
    ];
    for (const schema of schemas) {
      assert.ok(JSON.stringify(subset(schema)).length < 1_000_000);
      assert.ok(JSON.stringify(jsonSchema(schema)).length < 1_000_000);
    }
  });

  it('folds the alternatives of parameters into one object', () => {
    const schema = {
      anyOf: [
        { properties: { kind: { const: 'a' }, x: { type: 'string' } }, required: ['kind', 'x'] },
        { properties: { kind: { const: 'b' } }, required: ['kind'] },
      ],
    };
    assert.deepEqual(jsonSchema(schema), {
      type: 'object',
      properties: {
        kind: {
          anyOf: [
            { type: 'string', enum: ['a'] },
            { type: 'string', enum: ['b'] },
          ],
        },
        x: { type: 'string' },
      },
      required: ['kind'],
    });
  });

  it('says in words what the subset cannot say', () => {
    assert.deepEqual(property({}).subset, { type: 'STRING', description: 'Any JSON value.' });
    assert.deepEqual(property({}).json, {});
    assert.deepEqual(property({ type: 'object', additionalProperties: {} }).subset, {
      type: 'OBJECT',
      description: 'Any keys are allowed.',
    });
    assert.deepEqual(property({ type: 'string', format: 'uri', pattern: '(?=a)b' }).json, {
      type: 'string',
      description: 'Matches (?=a)b. Format: uri.',
    });
    assert.deepEqual(property({ type: 'array' }).subset, {
      type: 'ARRAY',
      items: { type: 'STRING', description: 'Any JSON value.' },
    });
  });

  it('writes tuples', () => {
    const schema = { type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }] };
    assert.deepEqual(property(schema), {
      subset: { type: 'ARRAY', items: { anyOf: [{ type: 'STRING' }, { type: 'INTEGER' }] } },
      json: { type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }] },
    });
  });

  it('keeps properties named like members of every object', () => {
    const schema = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"string"}},"required":["__proto__"]}',
    );
    assert.match(JSON.stringify(jsonSchema(schema)), /"__proto__":\{"type":"string"\}/);
    assert.deepEqual(jsonSchema(schema).required, ['__proto__']);
  });

  it('ends with known keywords on any input', () => {
    const keyword = fc.constantFrom(
      ...JSON_SCHEMA_KEYWORDS,
      ...['nullable', 'oneOf', 'allOf', 'const', '$ref', '$defs', 'not', 'if', 'propertyNames'],
      ...['exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'patternProperties', '__proto__'],
    );
    const { schema } = fc.letrec<{ schema: unknown; leaf: unknown }>((tie) => ({
      schema: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        tie('leaf'),
        fc.array(tie('schema'), { maxLength: 4 }),
        fc.dictionary(keyword, tie('schema'), { maxKeys: 6 }),
        fc.record({ properties: fc.dictionary(keyword, tie('schema'), { maxKeys: 4 }) }),
        fc.record({ anyOf: fc.array(tie('schema'), { maxLength: 3 }), type: tie('leaf') }),
      ),
      leaf: fc.oneof(
        fc.constantFrom('object', 'array', 'string', 'integer', 'number', 'null', true, null, 0),
        fc.constantFrom('#', '#/properties/type', '#/anyOf/0', '#/$defs/not', 'x', '#/%'),
        fc.jsonValue(),
      ),
    }));
    fc.assert(
      fc.property(schema, (input) => {
        assert.equal(subset(input).type, 'OBJECT');
        assert.equal(jsonSchema(input).type, 'object');
      }),
      { numRuns: 500 },
    );
  });
});
