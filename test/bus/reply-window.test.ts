import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  controlValue,
  encodeControl,
  encodeFrames,
  FRAME,
  parcelOfFrames,
  readFrames,
} from '../../bus/frames.ts';
import type { Parcel } from '../../bus/parcel.ts';
import { ReplySequence } from '../../bus/reply-sequence.ts';
import { ReplyWindow } from '../../bus/reply-window.ts';

test('ReplyWindow hasRoom() counts sent and queued bytes against the window', () => {
  const window = new ReplyWindow(100);
  assert.equal(window.hasRoom(0), true);
  window.takeSequences(1);
  window.sent(parcelOfFrames([]), 60);
  assert.equal(window.hasRoom(39), true);
  assert.equal(window.hasRoom(40), false);
  window.acknowledge(1);
  assert.equal(window.hasRoom(99), true);
  assert.equal(window.isEmpty, true);
});

test('ReplyWindow acknowledge() ignores old, repeated and impossible values', () => {
  const window = new ReplyWindow(100);
  window.takeSequences(2);
  window.sent(parcelOfFrames([]), 1);
  window.takeSequences(2);
  const second = parcelOfFrames([]);
  window.sent(second, 1);
  window.acknowledge(99);
  assert.equal(window.unacknowledged().length, 2);
  window.acknowledge(3); // half of the second message: it is kept whole
  assert.equal(window.unacknowledged()[0], second);
  window.acknowledge(2);
  assert.equal(window.unacknowledged().length, 1);
});

test('a window and a sequence deliver everything once and in order over any lossy channel', () => {
  const step = fc.record({
    frames: fc.integer({ min: 1, max: 3 }),
    fate: fc.constantFrom('deliver', 'lose', 'duplicate', 'delay'),
    isAckLost: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const window = new ReplyWindow(1_000);
      const sequence = new ReplySequence();
      const delivered: number[] = [];
      let delayed: Parcel[] = [];
      const receive = (message: Parcel): void =>
        readFrames(message.encode(), (_type, number, payload) => {
          if (sequence.check(number) === 'accept') delivered.push(controlValue(payload));
        });
      for (const { frames, fate, isAckLost } of steps) {
        const first = window.takeSequences(frames);
        const message = parcelOfFrames(
          Array.from({ length: frames }, (_, index) => ({
            type: FRAME.DATA,
            sequence: first + index,
            payload: encodeControl(0, first + index),
          })),
        );
        window.sent(message, 1);
        if (fate === 'delay') delayed.push(message);
        else if (fate !== 'lose') receive(message);
        if (fate === 'duplicate') receive(message);
        if (fate === 'deliver') {
          for (const late of delayed) receive(late);
          delayed = [];
        }
        if (!isAckLost) window.acknowledge(sequence.expected);
      }
      for (const message of window.unacknowledged()) receive(message);
      window.acknowledge(sequence.expected);
      assert.deepEqual(
        delivered,
        Array.from({ length: window.nextSequence }, (_, index) => index),
      );
      assert.equal(window.isEmpty, true);
    }),
  );
});

test('readFrames() returns what encodeFrames() was given, and throws on any cut', () => {
  const frame = fc.record({
    type: fc.constantFrom(...Object.values(FRAME)),
    sequence: fc.nat(),
    payload: fc.uint8Array({ maxLength: 50 }),
  });
  fc.assert(
    fc.property(fc.array(frame, { minLength: 1, maxLength: 5 }), fc.nat(), (frames, seed) => {
      const message = encodeFrames(frames);
      const read: unknown[] = [];
      readFrames(message, (type, sequence, payload) =>
        read.push({ type, sequence, payload: Uint8Array.from(payload) }),
      );
      assert.deepEqual(
        read,
        frames.map((each) => ({ ...each })),
      );
      const lastBytes = 9 + (frames.at(-1)?.payload.length ?? 0);
      const cut = message.subarray(0, message.length - 1 - (seed % (lastBytes - 1)));
      assert.throws(() => readFrames(cut, () => {}), RangeError);
    }),
  );
});

test('ReplySequence reports a gap once until it closes or is forgotten', () => {
  const sequence = new ReplySequence();
  assert.equal(sequence.check(0), 'accept');
  assert.equal(sequence.check(2), 'gap');
  assert.equal(sequence.check(3), 'gap-known');
  sequence.forgetGap();
  assert.equal(sequence.check(3), 'gap');
  assert.equal(sequence.check(1), 'accept');
  assert.equal(sequence.check(1), 'duplicate');
  assert.equal(sequence.isBehind(3), true);
});
