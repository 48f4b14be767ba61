import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import fc from 'fast-check';
import { scanTopLevel } from '../../schemas/json-scan.ts';
import { type FieldEdits, fieldSplices, spliceBody } from '../../workers/edit-body.ts';
import { nestedRemovals } from '../../workers/nested-fields.ts';
import { ODD_BODY, SCAN_OPTIONS } from './support/attempt.ts';

function edit(body: string, edits: FieldEdits): string {
  const bytes = Buffer.from(body);
  const { fields } = scanTopLevel(bytes, SCAN_OPTIONS);
  return Buffer.concat(spliceBody(bytes, fieldSplices(bytes, fields, edits))).toString();
}

const REMOVAL = { inside: 'cache_control', name: 'scope', opaqueKeys: new Set(['input']) };

function withoutScope(body: string): string {
  const bytes = Buffer.from(body);
  return Buffer.concat(spliceBody(bytes, nestedRemovals(bytes, REMOVAL))).toString();
}

describe('editing top-level fields', () => {
  it('leaves an unchanged body as its only piece', () => {
    const bytes = Buffer.from(ODD_BODY);
    const { fields } = scanTopLevel(bytes, SCAN_OPTIONS);
    const pieces = spliceBody(bytes, fieldSplices(bytes, fields, { remove: ['absent'] }));
    assert.equal(pieces.length, 1);
    assert.equal(pieces[0], bytes);
  });

  it('copies nothing of the body', () => {
    const bytes = new Uint8Array(Buffer.from(ODD_BODY)); // memory of its own, outside Buffer's pool
    const { fields } = scanTopLevel(bytes, SCAN_OPTIONS);
    const pieces = spliceBody(bytes, fieldSplices(bytes, fields, { set: { model: '"x"' } }));
    assert.equal(pieces.filter(({ buffer }) => buffer === bytes.buffer).length, 2);
  });

  const cases: [string, string, FieldEdits, string][] = [
    [
      'replaces a value',
      '{ "model" : "a" , "b":1.0}',
      { set: { model: '"z"' } },
      '{ "model" : "z" , "b":1.0}',
    ],
    ['inserts before the first field', '{ "b":1}', { set: { a: '2' } }, '{ "a":2,"b":1}'],
    ['inserts into an empty object', '{}', { set: { a: '2' } }, '{"a":2}'],
    ['removes the first field', '{"a":1, "b":2}', { remove: ['a'] }, '{"b":2}'],
    ['removes the last field', '{"a":1, "b":2 }', { remove: ['b'] }, '{"a":1 }'],
    [
      'removes a run in the middle',
      '{"a":1,"b":2,"c":3,"d":4}',
      { remove: ['b', 'c'] },
      '{"a":1,"d":4}',
    ],
    ['removes everything', '{"a":1,"b":2}', { remove: ['a', 'b'] }, '{}'],
    ['swaps one for another', '{"a":1,"b":2}', { remove: ['a'], set: { c: '3' } }, '{"c":3,"b":2}'],
    ['removes all and inserts', '{"a":1}', { remove: ['a'], set: { c: '3' } }, '{"c":3}'],
  ];
  for (const [name, body, edits, expected] of cases) {
    it(name, () => assert.equal(edit(body, edits), expected));
  }

  it('means the same as editing the parsed object', () => {
    const names = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    fc.assert(
      fc.property(
        fc.dictionary(names, fc.jsonValue()),
        fc.uniqueArray(names),
        fc.dictionary(names, fc.jsonValue()),
        (object, remove, set) => {
          const kept = remove.filter((name) => !(name in set));
          const texts = Object.fromEntries(
            Object.entries(set).map(([name, value]) => [name, JSON.stringify(value)]),
          );
          const expected: Record<string, unknown> = { ...object, ...set };
          for (const name of kept) delete expected[name];
          const edited = edit(JSON.stringify(object, null, 1), { set: texts, remove: kept });
          assert.deepEqual(JSON.parse(edited), JSON.parse(JSON.stringify(expected)));
        },
      ),
    );
  });
});

describe('removing nested members', () => {
  const cases: [string, string, string][] = [
    [
      'a last member',
      '{"cache_control":{"type":"ephemeral", "scope":"global"}}',
      '{"cache_control":{"type":"ephemeral"}}',
    ],
    [
      'a first member',
      '{"cache_control":{"scope":"global", "ttl":"1h"}}',
      '{"cache_control":{ "ttl":"1h"}}',
    ],
    [
      'the only member',
      '{"cache_control":{"scope":{"a":[1,{"scope":2}]}}}',
      '{"cache_control":{}}',
    ],
    [
      'a repeated member',
      '{"cache_control":{"a":1,"scope":1,"scope":2}}',
      '{"cache_control":{"a":1}}',
    ],
    [
      'one deep inside arrays',
      '[{"x":[{"cache_control":{"a":1.0,"scope":"g","b":-0}}]}]',
      '[{"x":[{"cache_control":{"a":1.0,"b":-0}}]}]',
    ],
  ];
  for (const [name, body, expected] of cases) {
    it(`takes out ${name}`, () => assert.equal(withoutScope(body), expected));
  }

  const untouched: [string, string][] = [
    ['the same name elsewhere', '{"scope":1,"a":{"scope":2}}'],
    ['the name as a value', '{"cache_control":{"type":"scope"}}'],
    ['a text that looks like it', '{"t":"\\"cache_control\\":{\\"scope\\":1}\\\\"}'],
    ['a tool input', '{"input":{"cache_control":{"scope":1}}}'],
  ];
  for (const [name, body] of untouched) {
    it(`leaves ${name}`, () => assert.equal(withoutScope(body), body));
  }

  it('means the same as deleting it from the parsed value', () => {
    const key = fc.constantFrom('cache_control', 'scope', 'input', 'a', '');
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(1, 'scope', null, '"\\'),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(value, (sample) => {
        const edited = withoutScope(JSON.stringify(sample, null, 1));
        assert.deepEqual(JSON.parse(edited), stripped(JSON.parse(JSON.stringify(sample)), ''));
      }),
      { numRuns: 500 },
    );
  });
});

function stripped(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value.map((item) => stripped(item, key));
  if (typeof value !== 'object' || value === null || key === 'input') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !(key === 'cache_control' && name === 'scope'))
      .map(([name, member]) => [name, stripped(member, name)]),
  );
}

test('a field named like something every object has is left alone', () => {
  const body = Buffer.from('{"model":"a","__proto__":{"x":1},"constructor":2,"toString":null}');
  const { fields } = scanTopLevel(body, SCAN_OPTIONS);
  const pieces = spliceBody(body, fieldSplices(body, fields, { set: { model: '"b"' } }));
  assert.equal(Buffer.concat(pieces).toString(), body.toString().replace('"a"', '"b"'));
});
