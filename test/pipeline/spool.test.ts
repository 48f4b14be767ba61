import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { STREAMS } from '../../schemas/subjects.ts';
import { messagesBody, post, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { eventually } from '../support/latch.ts';
import { readLedgerEvents } from '../support/ledger-events.ts';

const PACED = { outputTokens: 100, tokensPerSecond: 200, chunksPerTick: 1 } as const;

// JetStream stores and never says so: what a full disk looks like to its publishers.
async function setSilent({ bus }: TestGateway, isSilent: boolean): Promise<void> {
  const manager = await jetstreamManager(bus.connection);
  await manager.streams.update(STREAMS.events, { no_ack: isSilent });
}

/** Streams so many answers at once, byte-identical to what was sent; the longest took this many milliseconds. */
async function streams(gateway: TestGateway, count: number): Promise<number> {
  const { control } = gateway.sandbox;
  const before = control.requests.length;
  const startMs = performance.now();
  const answers = await Promise.all(
    Array.from({ length: count }, () => post(`${gateway.url()}/v1/messages`, messagesBody())),
  );
  const durationMs = performance.now() - startMs;
  const sent = control.requests.slice(before).map(({ answerSha256 }) => answerSha256);
  const got = answers.map(({ text }) => createHash('sha256').update(text).digest('hex'));
  assert.deepEqual(got.toSorted(), sent.toSorted());
  return durationMs;
}

/** Waits for the ends and outcomes of so many requests; each attempt has one reservation and one end. */
async function checkTold(gateway: TestGateway, count: number): Promise<void> {
  let told = await readLedgerEvents(gateway.bus);
  await eventually(async () => {
    told = await readLedgerEvents(gateway.bus);
    return [told.reservations, told.finals, told.outcomes].every(({ length }) => length >= count);
  }, `${count} reservations, ends and outcomes`);
  const { finals, reservations, outcomes } = told;
  const ends = finals.map(({ requestId, attempt }) => `${requestId}.${attempt}`);
  const starts = reservations.map(({ attemptId }) => attemptId);
  assert.deepEqual([ends.length, outcomes.length], [count, count]);
  assert.deepEqual(starts.toSorted(), ends.toSorted());
  assert.equal(new Set(ends).size, count);
  assert.equal(gateway.events.dropped, 0);
}

test('a hung JetStream costs clients neither a byte nor time', async () => {
  await using gateway = await startTestGateway();
  gateway.sandbox.control.setBehaviour('anthropic', PACED);
  await streams(gateway, 20);
  const usualMs = await streams(gateway, 20);
  await setSilent(gateway, true);
  for (let round = 0; round < 5; round += 1) {
    const hungMs = await streams(gateway, 20);
    assert.ok(hungMs < 1.5 * usualMs + 200, `${hungMs} ms instead of ${usualMs}`);
  }
  assert.ok(gateway.events.spooledBytes > 0 || gateway.events.pending > 0);
  await setSilent(gateway, false);
  await checkTold(gateway, 140);
});

test('kill -9 and restart of nats-server while answers stream: everything is told once', async () => {
  await using gateway = await startTestGateway();
  const { control } = gateway.sandbox;
  control.setBehaviour('anthropic', PACED);
  const arrived = control.nextRequest();
  const all = streams(gateway, 50);
  await arrived;
  await gateway.nats.kill();
  await gateway.nats.restart();
  await all;
  await streams(gateway, 10);
  await checkTold(gateway, 60);
});
