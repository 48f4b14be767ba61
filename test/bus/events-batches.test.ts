import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EventBatches, startEventBatches } from '../../bus/event-batches.ts';
import { LIMITS } from '../../config/limits.ts';

interface Sent {
  readonly id: string;
  readonly items: readonly number[];
  readonly isWaitedFor: boolean;
}

function start(isStored = true): { batches: EventBatches<number>; sent: Sent[] } {
  const sent: Sent[] = [];
  const batches = startEventBatches<number>(
    {
      publish: (_subject, _id, event) => void sent.push({ ...(event as Sent), isWaitedFor: false }),
      async publishAcknowledged(_subject, _id, event) {
        sent.push({ ...(event as Sent), isWaitedFor: true });
        return isStored;
      },
    },
    {
      subject: 'any',
      kind: 'test',
      delayMsMax: 5,
      event: (id, items) => ({ id, items }),
    },
  );
  return { batches, sent };
}

test('things leave together after their time, or when they are many, each once', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { batches, sent } = start();
  batches.add(1);
  batches.add(2);
  context.mock.timers.tick(4);
  assert.equal(sent.length, 0);
  context.mock.timers.tick(1);
  assert.deepEqual(
    sent.map(({ items }) => items),
    [[1, 2]],
  );
  for (let number = 0; number < LIMITS.eventBatchMax + 1; number += 1) batches.add(number);
  assert.equal(sent[1]?.items.length, LIMITS.eventBatchMax);
  batches[Symbol.dispose]();
  assert.deepEqual(sent[2]?.items, [LIMITS.eventBatchMax]);
  context.mock.timers.tick(100);
  assert.equal(sent.length, 3);
  assert.equal(new Set(sent.map(({ id }) => id)).size, 3);
  assert.ok(sent.every(({ isWaitedFor }) => !isWaitedFor));
});

test('one of a batch can send it early; what has left is not sent again', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { batches, sent } = start();
  const first = batches.add(1);
  batches.send(first);
  const second = batches.add(2);
  batches.send(first);
  assert.deepEqual(
    sent.map(({ items }) => items),
    [[1]],
  );
  batches.send(second);
  assert.deepEqual(
    sent.map(({ items }) => items),
    [[1], [2]],
  );
});

for (const isStored of [true, false]) {
  test(`whoever waits hears that the batch was ${isStored ? '' : 'not '}stored`, async () => {
    const { batches, sent } = start(isStored);
    batches.add(1);
    const waiting = [batches.addAcknowledged(2), batches.addAcknowledged(3)];
    assert.equal(waiting[0]?.batch, waiting[1]?.batch);
    const told = await Promise.all(waiting.map(({ acknowledged }) => acknowledged));
    assert.deepEqual(told, [isStored, isStored]);
    assert.deepEqual(
      sent.map(({ items, isWaitedFor }) => [items, isWaitedFor]),
      [[[1, 2, 3], true]],
    );
  });
}
