import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { validateAnthropicEvents } from '../support/event-grammar.ts';
import { parseEventStream, type StreamEvent } from '../support/event-parser.ts';

const event = (type: string, fields: Record<string, unknown> = {}): StreamEvent => ({
  event: type,
  data: JSON.stringify({ type, ...fields }),
});
const start = event('message_start', {
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 5, output_tokens: 1 },
  },
});
const open = (index: number, block: Record<string, unknown>): StreamEvent =>
  event('content_block_start', { index, content_block: block });
const delta = (index: number, fields: Record<string, unknown>): StreamEvent =>
  event('content_block_delta', { index, delta: fields });
const stop = (index: number): StreamEvent => event('content_block_stop', { index });
const TEXT = { type: 'text', text: '' };
const CALL = { type: 'tool_use', id: 't', name: 'n', input: {} };
const say = (index: number): StreamEvent => delta(index, { type: 'text_delta', text: 'a' });
const end = (
  usage: Record<string, unknown> = { output_tokens: 3 },
  reason = 'end_turn',
): StreamEvent =>
  event('message_delta', { delta: { stop_reason: reason, stop_sequence: null }, usage });
const done = event('message_stop');

test('a whole stream folds into its message', () => {
  const json = (partial: string): StreamEvent =>
    delta(1, { type: 'input_json_delta', partial_json: partial });
  const folded = validateAnthropicEvents([
    start,
    open(0, TEXT),
    event('ping'),
    say(0),
    say(0),
    stop(0),
    open(1, CALL),
    json(''),
    json('{"a":'),
    json('1}'),
    stop(1),
    end({ output_tokens: 9 }, 'tool_use'),
    done,
  ]);
  assert.deepEqual(folded.message['content'], [
    { type: 'text', text: 'aa' },
    { ...CALL, input: { a: 1 } },
  ]);
  assert.deepEqual(folded.message['usage'], { input_tokens: 5, output_tokens: 9 });
  assert.deepEqual([folded.pings, folded.isComplete, folded.error], [1, true, null]);
});

const BROKEN: Readonly<Record<string, readonly StreamEvent[]>> = {
  'no start': [open(0, TEXT)],
  'two starts': [start, start],
  'a name that is not the type': [{ event: 'ping', data: '{"type":"error"}' }],
  'data that is not JSON': [start, { event: 'ping', data: '{' }],
  'an index that skips': [start, open(1, TEXT)],
  'an index that repeats': [start, open(0, TEXT), stop(0), open(0, TEXT)],
  'interleaved blocks': [start, open(0, TEXT), open(1, TEXT)],
  'a delta of another type': [
    start,
    open(0, TEXT),
    delta(0, { type: 'thinking_delta', thinking: '' }),
  ],
  'a delta of another block': [start, open(0, TEXT), say(1)],
  'a delta after its block': [start, open(0, TEXT), stop(0), say(0)],
  'a delta of a redacted block': [start, open(0, { type: 'redacted_thinking', data: 'x' }), say(0)],
  'text after the signature': [
    start,
    open(0, { type: 'thinking', thinking: '', signature: '' }),
    delta(0, { type: 'signature_delta', signature: 's' }),
    delta(0, { type: 'thinking_delta', thinking: 't' }),
  ],
  'tool input that is no object': [
    start,
    open(0, CALL),
    delta(0, { type: 'input_json_delta', partial_json: '[1]' }),
    stop(0),
  ],
  'an end with an open block': [start, open(0, TEXT), end()],
  'usage that falls': [start, end({ output_tokens: 0 })],
  'usage that is no integer': [start, end({ output_tokens: 1.5 })],
  'usage that is missing': [start, event('message_delta', { delta: { stop_reason: 'end_turn' } })],
  'tool_use without a call': [start, end({ output_tokens: 2 }, 'tool_use'), done],
  'a stop reason of another wire': [start, end({ output_tokens: 2 }, 'length')],
  'a stop without a delta': [start, done],
  'something after the stop': [start, end(), done, event('ping')],
  'no stop': [start, end()],
  'an error': [start, event('error', { error: { type: 'a', message: 'b' } })],
  'an unknown event': [start, event('later')],
};

for (const [name, events] of Object.entries(BROKEN)) {
  test(`the grammar refuses ${name}`, () => {
    assert.throws(() => validateAnthropicEvents(events), { name: 'GrammarError' });
  });
}

const RECORDED = path.join(import.meta.dirname, '../../../shared/fixtures/recorded');
const isThere = existsSync(RECORDED);

test('recorded streams of the true API keep the grammar', {
  skip: isThere ? false : 'no recordings here',
}, () => {
  const files = globSync('{anthropic,vertex-anthropic}/*.sse', { cwd: RECORDED });
  let count = 0;
  for (const file of files) {
    if (file.includes('anomaly')) continue;
    const events = parseEventStream(readFileSync(path.join(RECORDED, file)));
    assert.doesNotThrow(() => validateAnthropicEvents(events), file);
    count += 1;
  }
  assert.ok(count > 0);
});
