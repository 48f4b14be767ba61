import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { JsonRepair } from '../../../../workers/wire/openai-chat/json-repair.ts';

function repair(pieces: readonly string[], isCutShort = false): string {
  const json = new JsonRepair();
  return pieces.map((piece) => json.push(piece)).join('') + json.finish(isCutShort);
}

describe('repairing arguments', () => {
  const CASES: readonly [name: string, text: string, expected: string][] = [
    ['a comma before a brace', '{"a":1,}', '{"a":1}'],
    ['a comma before a bracket, with space', '{"a":[1, \n]}', '{"a":[1]}'],
    ['a comma inside a string', '{"a":",}"}', '{"a":",}"}'],
    ['an escaped quote', '{"a":"\\",}"', '{"a":"\\",}"}'],
    ['a missing brace', '{"a":{"b":1}', '{"a":{"b":1}}'],
    ['a comma and the end', '{"a":1,', '{"a":1}'],
    ['a raw line feed in a string', '{"a":"x\ny\t"}', '{"a":"x\\ny\\t"}'],
    ['an object too many', '{"a":1}{"a":2}', '{"a":1}'],
    ['a brace too many', '{"a":1}}', '{"a":1}'],
    ['null', ' null', ''],
    ['an object written as a string', '"{\\"a\\":1}"', '{"a":1}'],
    ['a list', '[1]', '{"_raw":"[1]"}'],
    ['prose', 'I would call', '{"_raw":"I would call"}'],
    ['single quotes', "{'a':1}", "{'a':1}"],
    ['a half string', '{"a":"b', '{"a":"b'],
    ['a half word', '{"a":tru', '{"a":tru'],
    ['a name without value', '{"a":', '{"a":'],
    ['nothing', '', ''],
  ];
  for (const [name, text, expected] of CASES) {
    it(`makes the best of ${name}, cut anywhere`, () => {
      assert.equal(repair([text]), expected);
      assert.equal(repair([...text]), expected);
    });
  }

  it('completes nothing that was cut short', () => {
    assert.equal(repair(['{"a":1,'], true), '{"a":1,');
    assert.equal(repair(['{"a":[1'], true), '{"a":[1');
  });

  it('changes no valid object, however it is cut', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.nat(3),
        fc.array(fc.nat(200), { maxLength: 8 }),
        (value, indent, cuts) => {
          const text = JSON.stringify(value, null, indent);
          const points = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b)];
          const pieces = points.map((from, at) => text.slice(from, points[at + 1] ?? text.length));
          assert.equal(repair(pieces), text);
        },
      ),
    );
  });

  it('closes any object that lost closers only', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const text = JSON.stringify(value);
        const cut = text.replace(/[}\]]+$/, '');
        if (cut.trim() === '') return;
        assert.deepEqual(JSON.parse(repair([cut])), JSON.parse(text));
      }),
    );
  });

  it('takes deep nesting without harm', () => {
    const deep = `{"a":${'['.repeat(100_000)}`;
    assert.equal(repair([deep]), deep);
  });
});
