import assert from 'node:assert/strict';
import { type IncomingMessage, request } from 'node:http';
import { test } from 'node:test';
import { messagesBody, post, startTestGateway } from '../support/gateway.ts';
import { eventually } from '../support/latch.ts';

test('a body of 32 MiB works, one of 33 MB is answered 413 in Anthropic’s shape', async () => {
  await using gateway = await startTestGateway();
  const url = `${gateway.url()}/v1/messages`;
  // White space counts as bytes of the body and not as tokens of the prompt.
  const filled = messagesBody({ stream: false }).padEnd(33_554_432, ' ');
  const whole = await post(url, filled);
  assert.equal(whole.status, 200, whole.text.slice(0, 300));
  const [seen] = gateway.sandbox.control.requests;
  assert.ok((seen?.bodyBytes ?? 0) >= 33_000_000);
  const tooLarge = await post(url, messagesBody().padEnd(33_600_000, ' '));
  assert.equal(tooLarge.status, 413);
  assert.equal(JSON.parse(tooLarge.text).error.type, 'request_too_large');
});

test('200 streams at once all complete', async () => {
  await using gateway = await startTestGateway();
  gateway.sandbox.control.setBehaviour('anthropic', {
    outputTokens: 100,
    tokensPerSecond: 200,
    chunksPerTick: 1,
  });
  const url = `${gateway.url()}/v1/messages`;
  const answers = await Promise.all(Array.from({ length: 200 }, () => post(url, messagesBody())));
  for (const { status, text } of answers) {
    assert.equal(status, 200);
    assert.match(text, /event: message_stop/);
    assert.equal(text.match(/event: content_block_delta/g)?.length, 100);
  }
  const events = await gateway.usageEvents();
  assert.equal(new Set(events.map(({ id }) => id)).size, 200);
});

test('a reader that pauses stops the upstream instead of filling our memory', async () => {
  await using gateway = await startTestGateway();
  const { control } = gateway.sandbox;
  control.setBehaviour('anthropic', { fault: { kind: 'endless' }, chunksPerTick: 500 });
  const ended = control.nextEnd();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const call = request(`${gateway.url()}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    call.on('error', reject).on('response', resolve);
    call.end(messagesBody());
  });
  response.on('error', () => {}); // we hang up below
  response.pause();
  try {
    // Once the sockets' own buffers are full nothing may move any more; an unread answer would grow for ever.
    await eventually(isSteady, 'a steady memory under an endless answer that nobody reads', 20_000);
  } finally {
    response.destroy();
  }
  assert.equal(gateway.bus.isConnected, true);
  assert.equal((await ended).outcome, 'aborted');
});

/** True when the process grew by less than 5 MB in 1.5 s. */
async function isSteady(): Promise<boolean> {
  const before = process.memoryUsage().rss;
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  return process.memoryUsage().rss - before < 5_000_000;
}
