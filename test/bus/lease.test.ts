import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bus, connectBus } from '../../bus/connect.ts';
import { type Lease, startLease } from '../../bus/lease.ts';
import { createLog } from '../../bus/log.ts';
import { LIMITS } from '../../config/limits.ts';
import { eventually } from '../support/latch.ts';
import { startTestNats, type TestNats } from '../support/nats.ts';

const log = createLog({ level: 'silent', name: 'test' });
const TAKEOVER_MS_MAX = LIMITS.leaseMsMax + 500;

function connect({ url: servers, user, password }: TestNats): Promise<Bus> {
  return connectBus({ servers, user, password, name: 'test', log });
}

function want(bus: Bus, holder: string): Lease {
  return startLease(bus, { name: 'router', holder, log });
}

test('one holds the lease, and keeps it; given back, the other has it at once, with a higher revision', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using other = await connect(nats);
  const first = want(bus, 'a');
  await eventually(() => first.isHeld, 'the first lease');
  await using second = want(other, 'b');
  const changes: boolean[] = [];
  second.onChange((isHeld) => changes.push(isHeld));
  const taken = first.revision;
  await eventually(() => first.revision >= taken + 4, 'four renewals'); // longer than the lease
  assert.deepEqual([first.isHeld, second.isHeld, changes], [true, false, []]);
  await first[Symbol.asyncDispose]();
  assert.equal(first.isHeld, false);
  const givenBackAtMs = performance.now();
  await eventually(() => second.isHeld, 'the second lease');
  assert.ok(performance.now() - givenBackAtMs < LIMITS.leaseMsMax / 2);
  assert.ok(second.revision > first.revision);
  assert.deepEqual(changes, [true]);
});

test('a holder that is cut off loses it in time, and another takes over; never both', async () => {
  await using nats = await startTestNats();
  const bus = await connect(nats);
  await using other = await connect(nats);
  await using first = want(bus, 'a');
  await eventually(() => first.isHeld, 'the first lease');
  await using second = want(other, 'b');
  let wereBoth = false;
  second.onChange(() => {
    wereBoth ||= first.isHeld && second.isHeld;
  });
  const cutAtMs = performance.now();
  await bus.connection.close(); // like a process that is gone: nothing is given back
  await eventually(() => second.isHeld, 'the second lease');
  assert.ok(performance.now() - cutAtMs < TAKEOVER_MS_MAX);
  assert.equal(first.isHeld, false);
  assert.equal(wereBoth, false);
});

test('a holder is told when its time is over while the server is away, and gets it again', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using lease = want(bus, 'a');
  await eventually(() => lease.isHeld, 'the lease');
  const changes: boolean[] = [];
  lease.onChange((isHeld) => changes.push(isHeld));
  const revision = lease.revision;
  await nats.kill();
  await nats.restart();
  await eventually(() => lease.isHeld && lease.revision > revision, 'the lease again');
  // Back before its time was over it was never lost; else it was told so.
  assert.ok(changes.length === 0 || changes.at(-1) === true);
});
