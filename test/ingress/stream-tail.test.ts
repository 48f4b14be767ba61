import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StreamTail } from '../../ingress/stream-tail.ts';
import { sse } from '../workers/support/stream-text.ts';

const START = sse('message_start', { message: { id: 'msg_1', usage: { input_tokens: 9_999 } } });

function delta(text: string, padding = ''): string {
  const event = sse('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });
  return event.replace(/\}\n\n$/, `${padding}}\n\n`);
}

function tokensOf(...pieces: readonly string[]): number {
  const tail = new StreamTail();
  for (const piece of pieces) tail.take(Buffer.from(piece));
  return tail.outputTokens();
}

function isNear(tokens: number, expected: number): boolean {
  return Math.abs(tokens - expected) <= expected * 0.1;
}

test('a stream of one token per event has a token per event', () => {
  const deltas = Array.from({ length: 500 }, () => delta('abc'));
  assert.ok(isNear(tokensOf(START, ...deltas), 500));
  assert.ok(isNear(tokensOf(START + deltas.join('')), 500));
});

test('a stream of many tokens per event has one for every four bytes of text', () => {
  const deltas = Array.from({ length: 100 }, () => delta('word '.repeat(16)));
  assert.ok(isNear(tokensOf(START, ...deltas), (100 * 80) / 4));
  const long = Array.from({ length: 20 }, () => delta('x'.repeat(8_000)));
  assert.ok(isNear(tokensOf(START, ...long), (20 * 8_000) / 4), 'an event is longer than the tail');
});

test('padding is no text', () => {
  const deltas = Array.from({ length: 100 }, () => delta('word '.repeat(4), ' '.repeat(15)));
  const bare = Array.from({ length: 100 }, () => delta('word '.repeat(4)));
  assert.ok(isNear(tokensOf(...deltas), tokensOf(...bare)));
});

test('before the first content there are hardly any, and none before the first byte', () => {
  assert.equal(tokensOf(), 0);
  assert.ok(tokensOf(START) <= 5);
});

test('however a stream comes in pieces, it counts the same', () => {
  const stream = START + Array.from({ length: 60 }, (_, at) => delta('y'.repeat(at))).join('');
  const whole = tokensOf(stream);
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 40 }), (cuts) => {
      const points = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
      const pieces = points.slice(1).map((end, at) => stream.slice(points[at], end));
      assert.equal(tokensOf(...pieces), whole);
    }),
    { numRuns: 200 },
  );
});
