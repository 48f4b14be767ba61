import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NO_USAGE } from '../../../schemas/usage.ts';
import {
  MessageWriter,
  type ThinkingDisplay,
} from '../../../workers/translation/message-writer.ts';
import { validateAnthropicEvents } from '../../support/event-grammar.ts';
import { parseEventStream } from '../../support/event-parser.ts';

function createWriter(thinkingDisplay: ThinkingDisplay = 'shown'): MessageWriter {
  return new MessageWriter({ requestModel: 'm', inputTokensEstimate: 7, thinkingDisplay });
}

function read(bytes: Uint8Array) {
  return validateAnthropicEvents(parseEventStream(bytes));
}

const USAGE = { ...NO_USAGE, inputTokens: 5, outputTokens: 9, cacheReadInputTokens: 2 };

test('any order of calls makes a stream in Anthropic’s grammar, whose text is what was said', () => {
  const call = fc.oneof(
    fc.record({ kind: fc.constant('text'), value: fc.string() }),
    fc.record({ kind: fc.constant('thinking'), value: fc.string() }),
    fc.record({ kind: fc.constant('sign'), value: fc.string() }),
    fc.record({ kind: fc.constant('tool'), value: fc.string() }),
    fc.record({ kind: fc.constant('input'), value: fc.constant('{"a":1}') }),
    fc.record({ kind: fc.constant('close'), value: fc.constant('') }),
  );
  const display = fc.constantFrom<ThinkingDisplay>('shown', 'omitted', 'none');
  fc.assert(
    fc.property(fc.array(call), display, (calls, thinkingDisplay) => {
      const writer = createWriter(thinkingDisplay);
      let said = '';
      let tools = 0;
      let mayFill = false;
      for (const { kind, value } of calls) {
        if (kind === 'text') {
          writer.text(value);
          said += value;
          if (value !== '') mayFill = false;
        } else if (kind === 'thinking') {
          writer.thinking(value);
          if (value !== '' && thinkingDisplay !== 'none') mayFill = false;
        } else if (kind === 'sign') {
          writer.sign(value);
          if (thinkingDisplay !== 'none') mayFill = false;
        } else if (kind === 'tool') {
          writer.openTool({ id: `toolu_${tools}`, name: 'T' });
          tools += 1;
          mayFill = true;
        } else if (kind === 'close') {
          writer.close();
          mayFill = false;
        } else if (mayFill) {
          writer.toolInput(value);
          mayFill = false; // a second object would be no JSON
        }
      }
      writer.finish({ stopReason: 'end_turn', usage: USAGE });
      writer.text('after the end');
      writer.finish({ stopReason: 'refusal', usage: USAGE });
      const { message, isComplete } = read(writer.take().bytes);
      assert.equal(isComplete, true);
      const blocks = message['content'] as Record<string, unknown>[];
      const text = blocks.map((block) => (block['type'] === 'text' ? block['text'] : '')).join('');
      assert.equal(text, said);
      assert.equal(blocks.filter(({ type }) => type === 'tool_use').length, tools);
      const hasThinking = blocks.some(({ type }) => type === 'thinking');
      if (thinkingDisplay === 'none') assert.equal(hasThinking, false);
      if (thinkingDisplay === 'omitted') {
        assert.ok(blocks.every(({ type, thinking }) => type !== 'thinking' || thinking === ''));
      }
    }),
  );
});

test('take() says whether content began and whether a block ended in it', () => {
  const writer = createWriter();
  writer.start();
  assert.deepEqual(
    { ...writer.take(), bytes: null },
    { bytes: null, hasContent: false, isBoundary: false },
  );
  writer.text('a');
  assert.deepEqual(
    { ...writer.take(), bytes: null },
    { bytes: null, hasContent: true, isBoundary: false },
  );
  writer.text('b');
  writer.close();
  assert.deepEqual(
    { ...writer.take(), bytes: null },
    { bytes: null, hasContent: false, isBoundary: true },
  );
});

test('a refusal carries its explanation, and usage its disjoint parts', () => {
  const writer = createWriter();
  writer.finish({ stopReason: 'refusal', explanation: 'no', usage: USAGE });
  const { message } = read(writer.take().bytes);
  assert.deepEqual(message['stop_details'], { type: 'refusal', category: null, explanation: 'no' });
  const usage = message['usage'] as Record<string, unknown>;
  assert.equal(usage['input_tokens'], 5);
  assert.equal(usage['cache_read_input_tokens'], 2);
  assert.equal(usage['output_tokens'], 9);
});
