import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventPublisher } from '../../bus/events.ts';
import { type Reservation, reservedEventSchema } from '../../schemas/ledger.ts';
import { startReservations } from '../../workers/reservations.ts';
import { reservation } from '../ledger/support/events.ts';
import { within } from '../support/latch.ts';

/** Keeps what is published, and tells those that wait. */
function createEvents() {
  const told: Reservation[] = [];
  const calls: string[] = [];
  let onTold: () => void = () => {};
  const publish = (_subject: string, _id: string, event: unknown): void => {
    calls.push('publish');
    told.push(...reservedEventSchema.parse(event).reservations);
    onTold();
  };
  return {
    told,
    /** What was called, in order. */
    calls,
    sendNow: () => void calls.push('sendNow'),
    publish,
    publishAcknowledged: async (...event: Parameters<EventPublisher['publish']>) => {
      publish(...event);
      return true;
    },
    async until(isEnough: () => boolean): Promise<void> {
      while (!isEnough()) {
        const next = new Promise<void>((resolve) => {
          onTold = resolve;
        });
        await within(next, 'a reservation');
      }
    },
  };
}

const RENEW_MS = 20;
const NOW_MS = 1_234_567;

for (const mode of ['default', 'strict'] as const) {
  test(`${mode}: what is under way is renewed again and again, what has ended is not`, async () => {
    const events = createEvents();
    const options = { renewMs: RENEW_MS, nowMs: () => NOW_MS };
    using reservations = startReservations(events, mode, options);
    const long = reservations.make(reservation('long'));
    const short = reservations.make(reservation('short'));
    if (mode === 'strict') assert.equal(await long.acknowledged, true);
    reservations.send(short);
    reservations.end(short);
    const of = (id: string) => events.told.filter(({ requestId }) => requestId === id);
    await events.until(() => of('long').length === 4);
    assert.deepEqual(of('short'), [reservation('short')]);
    assert.deepEqual(of('long').slice(0, 2), [
      reservation('long'),
      reservation('long', { renewedAtMs: NOW_MS }),
    ]);
    reservations.end(long);
    const other = reservations.make(reservation('other'));
    await events.until(() => of('other').length === 3);
    assert.equal(of('long').length, 4);
    reservations.end(other);
  });
}

test('nothing is renewed after the end of the process has begun', async () => {
  const events = createEvents();
  const reservations = startReservations(events, 'default', { renewMs: RENEW_MS });
  reservations.make(reservation('a'));
  reservations[Symbol.dispose]();
  assert.equal(events.told.length, 1);
  using later = startReservations(events, 'default', { renewMs: 2 * RENEW_MS });
  later.make(reservation('later'));
  await events.until(() => events.told.length >= 4);
  assert.deepEqual(
    events.told.map(({ requestId }) => requestId),
    ['a', 'later', 'later', 'later'],
  );
});

test('the reservations of one turn leave together, and before that no upstream is called', async () => {
  const events = createEvents();
  using reservations = startReservations(events, 'default');
  const made = ['a', 'b', 'c'].map((id) => reservations.make(reservation(id)));
  assert.deepEqual(events.calls, []);
  assert.deepEqual(await Promise.all(made.map(({ acknowledged }) => acknowledged)), [
    true,
    true,
    true,
  ]);
  assert.deepEqual([events.calls, events.told.length], [['publish', 'sendNow'], 3]);
  assert.equal(await reservations.make(reservation('d')).acknowledged, true);
  assert.deepEqual([events.calls.length, events.told.length], [4, 4]);
});
