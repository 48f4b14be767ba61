import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PieceList } from '../../../workers/piece-list.ts';
import { parseSseEvent } from '../../../workers/wire/sse-event.ts';
import { SseSplitter } from '../../../workers/wire/sse-splitter.ts';

function split(pieces: readonly Uint8Array[]): {
  events: string[];
  tail: string;
  lengths: number[];
} {
  const events: string[] = [];
  const splitter = new SseSplitter((bytes, start, end) => {
    events.push(bytes.toString('utf8', start, end));
    return true;
  });
  const lengths = pieces.map((piece) => splitter.push(piece).length);
  return { events, tail: splitter.takeTail().toString(), lengths };
}

describe('splitting an event stream', () => {
  it('finds the same events however the bytes are cut', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', ':', '\n', '\n', '\r', '\r\n', 'é'),
      maxLength: 40,
    });
    fc.assert(
      fc.property(text, fc.array(fc.nat(60), { maxLength: 12 }), (sample, cuts) => {
        const bytes = Buffer.from(sample);
        const points = [
          0,
          ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b),
          bytes.length,
        ];
        const pieces = points.slice(1).map((end, index) => bytes.subarray(points[index], end));
        const whole = split([bytes]);
        const parts = split(pieces);
        assert.equal(parts.events.join('') + parts.tail, sample);
        assert.equal(whole.events.join('') + whole.tail, sample);
        for (const event of parts.events) assert.match(event, /(\r\n|\n|\r)(\r\n|\n|\r)$/);
      }),
      { numRuns: 500 },
    );
  });

  it('takes an event that comes byte by byte', () => {
    const event = `data: ${'x'.repeat(200_000)}\n\n`;
    const { events, tail } = split(Array.from(Buffer.from(event), (byte) => Buffer.from([byte])));
    assert.deepEqual(events, [event]);
    assert.equal(tail, '');
  });

  it('gives bytes out with the piece that completes them', () => {
    assert.deepEqual(
      split(['data: a', '\n', '\ndata: b\n\nda', 'ta: c\n\n'].map((text) => Buffer.from(text)))
        .lengths,
      [0, 0, 18, 9],
    );
  });
});

describe('a piece list', () => {
  it('gives back what went in', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 9 })), fc.nat(6), (pieces, count) => {
        const list = new PieceList();
        for (const piece of pieces) list.push(piece);
        const all = Buffer.concat(pieces);
        assert.equal(list.bytes, all.length);
        assert.deepEqual(list.last(count + 1), all.subarray(-count - 1));
        assert.deepEqual(list.take(), all);
        assert.equal(list.bytes, 0);
      }),
    );
  });
});

describe('parsing an event', () => {
  it('ignores comments and joins data lines', () => {
    assert.deepEqual(parseSseEvent(': c\nevent:x\ndata: a\r\ndata:b\rretry: 1\ndata\n\n'), {
      name: 'x',
      data: 'a\nb\n',
    });
    assert.deepEqual(parseSseEvent(': only a comment\n\n'), { name: null, data: '' });
  });
});
