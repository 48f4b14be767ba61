import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTranscriptLine } from '../../../ledger/transcripts/transcript-message.ts';

const AT = '2026-11-22T05:00:00.000Z';
const USAGE = {
  input_tokens: 1,
  cache_creation_input_tokens: 30,
  cache_read_input_tokens: 2,
  cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
  output_tokens: 3,
  server_tool_use: { web_search_requests: 4 },
};
const MESSAGE = { id: 'msg_1', role: 'assistant', model: 'claude-sonnet-5', usage: USAGE };
const LINE = { type: 'assistant', timestamp: AT, requestId: 'req_1', message: MESSAGE };

test('a line of an answer tells id, request, model, time and tokens by price', () => {
  assert.deepEqual(readTranscriptLine(JSON.stringify(LINE)), {
    messageId: 'msg_1',
    requestId: 'req_1',
    model: 'claude-sonnet-5',
    atMs: Date.parse(AT),
    usage: {
      inputTokens: 1,
      cacheReadInputTokens: 2,
      cacheCreation5mInputTokens: 10,
      cacheCreation1hInputTokens: 20,
      outputTokens: 3,
      reasoningOutputTokens: 0,
      webSearchRequests: 4,
    },
    picodollars: null,
  });
});

test('spaces, a missing request, a cost and the progress of a subagent are understood', () => {
  const spaced = readTranscriptLine(JSON.stringify(LINE, null, 1).replaceAll('\n', ' '));
  assert.equal(spaced?.messageId, 'msg_1');
  assert.equal(readTranscriptLine(JSON.stringify({ ...LINE, requestId: '' }))?.requestId, null);
  const priced = readTranscriptLine(JSON.stringify({ ...LINE, costUSD: 1e-7 }));
  assert.equal(priced?.picodollars, 100_000n);
  const progress = { type: 'progress', timestamp: AT, data: { message: LINE } };
  assert.equal(readTranscriptLine(JSON.stringify(progress))?.requestId, 'req_1');
});

test('odd lines are no messages, and break nothing', () => {
  const odd: readonly unknown[] = [
    null,
    [],
    'a "usage" in a text',
    { type: 'user', message: { content: '"usage":{' } },
    { type: 'summary', summary: '"usage"' },
    { ...LINE, type: 'user' },
    { ...LINE, message: null },
    { ...LINE, message: { ...MESSAGE, usage: null } },
    { ...LINE, message: { ...MESSAGE, id: 7 } },
    { ...LINE, timestamp: 'soon' },
    { type: 'progress', data: 'usage', usage: 1 },
  ];
  for (const each of odd) assert.equal(readTranscriptLine(JSON.stringify(each)), null);
  assert.equal(readTranscriptLine(JSON.stringify(LINE).slice(0, -9)), null, 'cut off');
  const negative = { ...LINE, message: { ...MESSAGE, usage: { ...USAGE, output_tokens: -5 } } };
  assert.equal(readTranscriptLine(JSON.stringify(negative))?.usage.outputTokens, 0);
});
