import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openaiChat } from '../../../../workers/wire/openai-chat.ts';
import { callDelta, chatContext, delta, framed } from '../../support/chat-decode.ts';

const CHUNKS = 20_000;
/** The target is 15; a machine that is busy with other tests gets room. */
const MICROSECONDS_MAX = 60;

function microseconds(chunk: object): number {
  const piece = Buffer.from(framed([chunk]));
  const decode = (): number => {
    const decoder = openaiChat.createStreamDecoder(chatContext());
    const startedAtMs = performance.now();
    for (let count = 0; count < CHUNKS; count++) decoder.push(piece);
    assert.equal(decoder.error, null);
    return ((performance.now() - startedAtMs) * 1_000) / CHUNKS;
  };
  return Math.min(decode(), decode(), decode());
}

it('costs little per chunk', (t) => {
  const reasoning_details = [
    { type: 'reasoning.text', text: ' self', format: 'anthropic-claude-v1', index: 0 },
  ];
  const kinds: readonly [string, object][] = [
    ['text', delta({ content: ' self' })],
    ['reasoning', delta({ content: '', reasoning: ' self', reasoning_details })],
    ['arguments', callDelta({ index: 0, id: 'a', function: { name: 'X', arguments: '{"path' } })],
  ];
  for (const [kind, chunk] of kinds) {
    const cost = microseconds(chunk);
    t.diagnostic(`${kind}: ${cost.toFixed(1)} µs per chunk`);
    assert.ok(cost < MICROSECONDS_MAX, `${kind} costs ${cost} µs`);
  }
});
