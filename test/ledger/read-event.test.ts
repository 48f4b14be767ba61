import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readEvent, UnreadableEventError } from '../../ledger/state/read-event.ts';
import { reservedEventSchema } from '../../schemas/ledger.ts';
import { subjects } from '../../schemas/subjects.ts';
import { usageEventSchema } from '../../schemas/usage.ts';
import { reservation, usageEvent } from './support/events.ts';
import { priceOf } from './support/rig.ts';

/** Values that stand where others should. */
const anything = fc.oneof(
  fc.constantFrom(null, true, '', '12', -1, 0, 0.5, 1e9, 2 ** 41, 1e300, 'main', 'other', 'user'),
  fc.constantFrom('1'.repeat(31), '-5', 'openrouter', 'openai-compatible-x', 'completed'),
  fc.constant([]),
  fc.constant({}),
);

function isReadable(subject: string, json: unknown): boolean {
  try {
    readEvent(subject, Buffer.from(JSON.stringify(json)), priceOf);
    return true;
  } catch (error) {
    assert.ok(error instanceof UnreadableEventError);
    return false;
  }
}

/** Fields that no sum depends on, and those that are read with other bounds than the contract's. */
const UNREAD = new Set(['id', 'requestModel', 'responseModel', 'firstByteMs', 'status', 'raw']);
for (const field of ['errorType', 'stopReason', 'messageId']) UNREAD.add(field);
const TIMES = new Set(['startedAtMs', 'durationMs']);

test('a usage event is read exactly when it fulfils its contract in the fields that count', () => {
  const valid = usageEvent('a');
  const fields = Object.keys(valid).filter((field) => !UNREAD.has(field) && !TIMES.has(field));
  fc.assert(
    fc.property(fc.constantFrom(...fields), fc.option(anything), (field, value) => {
      const event: Record<string, unknown> = { ...valid, [field]: value };
      if (value === null) delete event[field];
      if (field === 'attempt' && Number(value) > 2 ** 40) return; // no contract bounds it
      const isValid = usageEventSchema.safeParse(event).success;
      assert.equal(isReadable(subjects.usageEvent('anthropic'), event), isValid, field);
    }),
    { numRuns: 1_000 },
  );
});

for (const part of ['usage', 'cost'] as const) {
  test(`so are the fields of its ${part}`, () => {
    const valid = usageEvent('a');
    const fields = Object.keys(valid[part] ?? {}).filter(
      (name) => part === 'usage' || name === 'picodollars',
    );
    fc.assert(
      fc.property(fc.constantFrom(...fields), anything, (field, value) => {
        const event = { ...valid, [part]: { ...valid[part], [field]: value } };
        const isValid = usageEventSchema.safeParse(event).success;
        assert.equal(isReadable(subjects.usageEvent('anthropic'), event), isValid, field);
      }),
      { numRuns: 500 },
    );
  });
}

test('a reservation is read exactly when it fulfils its contract', () => {
  const valid = reservation('a');
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(valid), 'renewedAtMs'), anything, (field, value) => {
      const event = { v: 1, id: 'a', reservations: [valid, { ...valid, [field]: value }] };
      const isValid = reservedEventSchema.safeParse(event).success;
      // No contract says that times are of this age of the world, or numbers no larger than tokens get.
      const isBounded = typeof value === 'number' && (value < 0 || value > 2 ** 40);
      if (isBounded) return;
      assert.equal(isReadable(subjects.reservedEvent(), event), isValid, field);
    }),
    { numRuns: 500 },
  );
});

test('so is what it says of the cache', () => {
  const cacheIfLost = {
    cacheReadInputTokens: 1,
    cacheCreation5mInputTokens: 2,
    cacheCreation1hInputTokens: 3,
  };
  const isRead = (changes: object): boolean => {
    const event = { v: 1, id: 'a', reservations: [{ ...reservation('a'), ...changes }] };
    const isReadableNow = isReadable(subjects.reservedEvent(), event);
    assert.equal(isReadableNow, reservedEventSchema.safeParse(event).success);
    return isReadableNow;
  };
  assert.ok(isRead({ cacheIfLost }));
  const event = { v: 1, id: 'a', reservations: [reservation('a', { cacheIfLost })] };
  const data = Buffer.from(JSON.stringify(event));
  const read = readEvent(subjects.reservedEvent(), data, priceOf);
  assert.deepEqual(read.kind === 'reserved' && read.reservations, event.reservations);
  for (const field of Object.keys(cacheIfLost)) {
    assert.equal(isRead({ cacheIfLost: { ...cacheIfLost, [field]: -1 } }), false);
    assert.equal(isRead({ cacheIfLost: { ...cacheIfLost, [field]: undefined } }), false);
  }
  assert.equal(isRead({ cacheIfLost: 5 }), false);
});

test('times that no calendar has, and clocks that were set back, are told apart', () => {
  const subject = subjects.usageEvent('anthropic');
  assert.equal(isReadable(subject, usageEvent('a', { startedAtMs: 1e300 })), false);
  assert.equal(isReadable(subject, usageEvent('a', { startedAtMs: -1 })), false);
  const back = usageEvent('a', { durationMs: -5_000 });
  const event = readEvent(subject, Buffer.from(JSON.stringify(back)), priceOf);
  assert.equal(event.kind === 'final' && event.endedAtMs, back.startedAtMs);
});

test('bytes that are no JSON object are no event', () => {
  for (const text of ['', '{', '[]', 'null', '5', '{"v":2}']) {
    assert.throws(
      () => readEvent(subjects.usageEvent('anthropic'), Buffer.from(text), priceOf),
      UnreadableEventError,
      text,
    );
  }
});
