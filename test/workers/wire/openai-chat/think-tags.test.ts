import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ThinkTags } from '../../../../workers/wire/openai-chat/think-tags.ts';

function split(pieces: readonly string[]): { reasoning: string; text: string } {
  const tags = new ThinkTags();
  const parts = [...pieces.flatMap((piece) => tags.push(piece)), ...tags.finish()];
  const of = (kind: string): string =>
    parts
      .filter((part) => part.kind === kind)
      .map(({ text }) => text)
      .join('');
  assert.ok(parts.every(({ text }) => text !== ''));
  return { reasoning: of('reasoning'), text: of('text') };
}

describe('inline think tags', () => {
  const CASES: readonly [text: string, reasoning: string, rest: string][] = [
    ['<think>hm</think>\n\nYes', 'hm', 'Yes'],
    ['\n <think>\nhm\n</think>Yes', '\nhm\n', 'Yes'],
    ['<think>hm', 'hm', ''],
    ['<think></think>Yes', '', 'Yes'],
    ['<think>a < b </thin </think>Yes', 'a < b </thin ', 'Yes'],
    ['<think>hm</think>Yes <think>no</think>', 'hm', 'Yes <think>no</think>'],
    ['Yes <think>no</think>', '', 'Yes <think>no</think>'],
    ['<thinking>x', '', '<thinking>x'],
    ['<thi', '', '<thi'],
    ['< think>', '', '< think>'],
    ['  ', '', ''],
    ['  x', '', '  x'],
    ['', '', ''],
  ];
  for (const [text, reasoning, rest] of CASES) {
    it(`of ${JSON.stringify(text)} are found wherever it is cut`, () => {
      assert.deepEqual(split([text]), { reasoning, text: rest });
      assert.deepEqual(split([...text]), { reasoning, text: rest });
      for (let cut = 0; cut <= text.length; cut++) {
        const pieces = [text.slice(0, cut), text.slice(cut)];
        assert.deepEqual(split(pieces), { reasoning, text: rest });
      }
    });
  }

  it('lose nothing of a text that does not begin with one', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (pieces) => {
        const text = `x${pieces.join('')}`;
        assert.equal(split(['x', ...pieces]).text, text);
      }),
    );
  });

  it('do not hold back white space without end', () => {
    const tags = new ThinkTags();
    let shown = 0;
    for (let count = 0; count < 5_000; count++) shown += tags.push(' ').length;
    assert.ok(shown > 3_000);
  });
});
