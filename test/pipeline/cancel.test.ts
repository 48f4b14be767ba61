import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { messagesBody, startTestGateway, type TestGateway } from '../support/gateway.ts';

/** Starts a streaming request and resolves with a function that hangs up, once the first bytes came. */
function openStream(gateway: TestGateway): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const call = request(`${gateway.url()}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    call.on('error', reject);
    call.on('response', (response) => {
      response.once('data', () => {
        call.off('error', reject).on('error', () => {}); // the reset that we cause
        resolve(() => call.destroy());
      });
    });
    call.end(messagesBody());
  });
}

test('a client that hangs up ends the upstream call within 100 ms', async () => {
  await using gateway = await startTestGateway();
  const { control } = gateway.sandbox;
  const slow = { outputTokens: 5_000, tokensPerSecond: 100, chunksPerTick: 1 } as const;
  for (let round = 0; round < 5; round += 1) {
    control.enqueue('anthropic', slow);
    const ended = control.nextEnd();
    const hangUp = await openStream(gateway);
    const startedAtMs = Date.now();
    hangUp();
    const record = await ended;
    assert.equal(record.outcome, 'aborted');
    assert.ok((record.abortedAtMs ?? Number.POSITIVE_INFINITY) - startedAtMs < 100);
  }
  const events = await gateway.usageEvents();
  assert.equal(events.length, 5);
  for (const event of events) {
    assert.equal(event.outcome, 'cancelled');
    assert.equal(event.estimated, true);
    assert.ok(event.usage.inputTokens > 0);
  }
});

test('fifty clients that hang up at once leave nothing open', async () => {
  await using gateway = await startTestGateway();
  const { control } = gateway.sandbox;
  control.setBehaviour('anthropic', { outputTokens: 5_000, tokensPerSecond: 20, chunksPerTick: 1 });
  const hangUps = await Promise.all(Array.from({ length: 50 }, () => openStream(gateway)));
  const allEnded = control.whenIdle();
  for (const hangUp of hangUps) hangUp();
  await allEnded;
  const events = await gateway.usageEvents();
  assert.equal(events.length, 50);
  assert.equal(new Set(events.map(({ id }) => id)).size, 50);
});
