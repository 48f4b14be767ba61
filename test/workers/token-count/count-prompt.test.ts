import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BodyCounter } from '../../../workers/token-count/body-counter.ts';
import {
  CLAUDE_5_COSTS,
  CLAUDE_COSTS,
  promptCosts,
} from '../../../workers/token-count/prompt-costs.ts';

const counter = new BodyCounter();
const LONG = 'The user asked for the weather, so a tool is needed here. '.repeat(20);

function count(request: object, model = 'claude-haiku-4-5'): number {
  return counter.count(Buffer.from(JSON.stringify(request)), model).tokens ?? Number.NaN;
}

function user(content: unknown): object {
  return { role: 'user', content };
}

const THINKING = {
  role: 'assistant',
  content: [
    { type: 'thinking', thinking: LONG, signature: 'A'.repeat(5_000) },
    { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Berlin' } },
  ],
};
const RESULT = user([{ type: 'tool_result', tool_use_id: 'toolu_1', content: '15°C' }]);

test('thinking counts while its tool loop is open, and no longer after the next prompt', () => {
  const open = count({ messages: [user('weather?'), THINKING, RESULT] });
  const over = count({ messages: [user('weather?'), THINKING, RESULT, user('thanks')] });
  assert.ok(open > 250, `${open}`);
  assert.ok(over < 100, `${over}`);
});

test('thinking counts everywhere when the request keeps it', () => {
  const edits = [{ type: 'clear_thinking_20251015', keep: 'all' }];
  const messages = [user('weather?'), THINKING, RESULT, user('thanks')];
  assert.ok(count({ messages, context_management: { edits } }) > 250);
});

test('a deferred tool counts when a tool reference has loaded it', () => {
  const tool = { name: 'WebFetch', description: LONG, input_schema: {}, defer_loading: true };
  const other = { ...tool, name: 'Other' };
  const search = { type: 'tool_search_tool_bm25_20251119', name: 'tool_search_tool_bm25' };
  const reference = { type: 'tool_reference', tool_name: 'WebFetch' };
  const loading = user([{ type: 'tool_result', tool_use_id: 'toolu_1', content: [reference] }]);
  const tools = [search, tool, other];
  const before = count({ messages: [user('hi')], tools });
  const after = count({ messages: [user('hi'), loading], tools });
  assert.ok(before < CLAUDE_COSTS.toolPrompt + 230, `${before}`);
  assert.ok(after - before > 200 && after - before < 350, `${after - before}`);
});

test('a URL costs what it may hold, a file what it holds', () => {
  const block = (type: string, source: object) => count({ messages: [user([{ type, source }])] });
  assert.equal(block('image', { type: 'url', url: 'https://a.test/b.png' }), 1_607);
  assert.equal(block('document', { type: 'file', file_id: 'file_1' }), 2_667);
  const text = block('document', { type: 'text', media_type: 'text/plain', data: LONG });
  assert.ok(text > 200 && text < 350, `${text}`);
});

test('search results count by their texts, citations bring instructions along', () => {
  const result = { type: 'search_result', source: 'https://a.test', title: 'T', content: [] };
  const plain = count({ messages: [user([result])] });
  const cited = count({ messages: [user([{ ...result, citations: { enabled: true } }])] });
  assert.equal(cited - plain, CLAUDE_COSTS.citationPrompt);
});

test('names in any spelling find the costs of their family', () => {
  for (const model of [
    'claude-sonnet-4-5@20250929',
    'anthropic/claude-3-5-haiku',
    'claude-3-7-sonnet-20250219',
  ]) {
    assert.equal(promptCosts(model), CLAUDE_COSTS);
  }
  for (const model of ['claude-opus-5-5', 'anthropic/claude-fable-5', 'claude-sonnet-5@20260101']) {
    assert.equal(promptCosts(model), CLAUDE_5_COSTS);
  }
  assert.equal(promptCosts('gpt-5-mini').thinkingPrompt, 0);
});

test('no request breaks the count, whatever its fields and blocks hold', () => {
  const type = fc.constantFrom(
    ...['text', 'thinking', 'tool_use', 'tool_result', 'image', 'document', 'search_result', 'new'],
  );
  const block = fc.record(
    {
      type,
      text: fc.jsonValue(),
      content: fc.jsonValue(),
      source: fc.jsonValue(),
      input: fc.jsonValue(),
      citations: fc.jsonValue(),
    },
    { requiredKeys: ['type'] },
  );
  const message = fc.record({
    role: fc.string(),
    content: fc.oneof(fc.array(block), fc.jsonValue()),
  });
  const request = fc.record({
    system: fc.jsonValue(),
    messages: fc.oneof(fc.array(message), fc.jsonValue()),
    tools: fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue()),
    tool_choice: fc.jsonValue(),
    thinking: fc.jsonValue(),
    context_management: fc.jsonValue(),
  });
  fc.assert(
    fc.property(request, (body) => {
      const tokens = count(body);
      assert.ok(Number.isInteger(tokens) && tokens >= 1);
    }),
  );
});
