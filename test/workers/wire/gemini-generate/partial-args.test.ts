import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../../config/limits.ts';
import { parseExactJson } from '../../../../workers/exact-json.ts';
import { PartialArgs } from '../../../../workers/wire/gemini-generate/partial-args.ts';

function built(pieces: readonly object[], initial = {}): unknown {
  const args = new PartialArgs(initial);
  for (const piece of pieces) assert.equal(args.take(piece), true, JSON.stringify(piece));
  return JSON.parse(args.json());
}

/** Pieces that build a value, strings cut in two. */
function piecesOf(value: unknown, jsonPath = '$'): object[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => piecesOf(item, `${jsonPath}[${index}]`));
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([name, child]) =>
      piecesOf(child, `${jsonPath}['${name.replaceAll(/['\\]/g, '\\$&')}']`),
    );
  }
  if (typeof value === 'number') return [{ jsonPath, numberValue: value }];
  if (typeof value === 'boolean') return [{ jsonPath, boolValue: value }];
  if (value === null) return [{ jsonPath, nullValue: 'NULL_VALUE' }];
  const text = String(value);
  const middle = Math.floor(text.length / 2);
  return [
    { jsonPath, stringValue: text.slice(0, middle), willContinue: true },
    { jsonPath, stringValue: text.slice(middle) },
  ];
}

describe('partial arguments', () => {
  it('build objects and arrays at any depth', () => {
    const pieces = [
      { jsonPath: '$.recipe.steps[0].text', stringValue: 'Boil' },
      { jsonPath: '$.recipe.steps[1].text', stringValue: 'Eat' },
      { jsonPath: '$["a.b"][\'c\']', numberValue: 1 },
    ];
    assert.deepEqual(built(pieces), {
      recipe: { steps: [{ text: 'Boil' }, { text: 'Eat' }] },
      'a.b': { c: 1 },
    });
  });

  it('join the pieces of a string that goes on, and replace a value that does not', () => {
    const pieces = [
      { jsonPath: '$.a', stringValue: 'x', willContinue: true },
      { jsonPath: '$.a', stringValue: 'y' },
      { jsonPath: '$.b', stringValue: 'x' },
      { jsonPath: '$.b', stringValue: 'y' },
    ];
    assert.deepEqual(built(pieces), { a: 'xy', b: 'y' });
  });

  it('go on from arguments that came whole', () => {
    assert.deepEqual(built([{ jsonPath: '$.b', boolValue: true }], { a: 1 }), { a: 1, b: true });
  });

  it('ignore a piece without a value of its kind', () => {
    assert.deepEqual(built([{ jsonPath: '$.a', stringValue: { toString: 1 } }]), {});
    assert.deepEqual(built([{ jsonPath: '$.a', willContinue: true }, {}]), {});
  });

  it('build every value again', () => {
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('tree'), { minLength: 1, maxLength: 4 }),
        fc.dictionary(fc.string(), tie('tree'), { minKeys: 1, maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), tree, { maxKeys: 4 }), (value) => {
        assert.deepEqual(built(piecesOf(value)), JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 300 },
    );
  });

  it('keep a name that would change an object itself', () => {
    const json = JSON.stringify(built([{ jsonPath: '$.__proto__.x', numberValue: 1 }]));
    assert.equal(json, '{"__proto__":{"x":1}}');
    built([{ jsonPath: '$.a.__proto__.x', numberValue: 1 }], { a: {} });
    built([{ jsonPath: '$.constructor.prototype.x', numberValue: 1 }]);
    assert.equal(Object.hasOwn(Object.prototype, 'x'), false);
  });

  const bad: [string, object[]][] = [
    ['a path that is none', [{ jsonPath: 'a', numberValue: 1 }]],
    ['the root', [{ jsonPath: '$', stringValue: 'x' }]],
    ['an expression', [{ jsonPath: '$.a[?(@.b)]', numberValue: 1 }]],
    ['a far place in an array', [{ jsonPath: '$.a[99999999]', numberValue: 1 }]],
    [
      'a place in an object',
      [
        { jsonPath: '$.a.b', numberValue: 1 },
        { jsonPath: '$.a[0]', numberValue: 1 },
      ],
    ],
    [
      'a name in a text',
      [
        { jsonPath: '$.a', stringValue: 'x' },
        { jsonPath: '$.a.b', numberValue: 1 },
      ],
    ],
    [
      'more steps than JSON may have',
      [{ jsonPath: `$${'.a'.repeat(LIMITS.jsonDepthMax)}`, numberValue: 1 }],
    ],
    ['a value without a path', [{ stringValue: 'x' }]],
  ];
  for (const [name, pieces] of bad) {
    it(`refuse ${name}`, () => {
      const args = new PartialArgs();
      const taken = pieces.map((piece) => args.take(piece));
      assert.equal(taken.at(-1), false);
    });
  }

  it('refuse a name in a number that keeps its spelling', () => {
    const args = new PartialArgs({ a: Object(parseExactJson('1.0')) });
    assert.equal(args.take({ jsonPath: '$.a.b', numberValue: 1 }), false);
    assert.equal(args.json(), '{"a":1.0}');
  });

  it('are bounded', () => {
    const args = new PartialArgs();
    const stringValue = 'x'.repeat(1_000_000);
    let pieces = 0;
    while (args.take({ jsonPath: '$.a', stringValue, willContinue: true }) && pieces < 100)
      pieces++;
    assert.equal(pieces, Math.floor(LIMITS.sseEventBytesMax / (stringValue.length + 3)));
  });
});
