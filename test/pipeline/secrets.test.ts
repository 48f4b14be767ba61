import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { pino } from 'pino';
import { messagesBody, post, startTestGateway } from '../support/gateway.ts';

const CANARIES = [
  'canary-prompt-7',
  'canary-client-key-7',
  'sk-ant-test-credential',
  'sk-or-test-credential',
];

test('credentials and prompts reach no log line, metric, error message or usage event', async () => {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  await using gateway = await startTestGateway({
    log: pino({ level: 'trace' }, sink),
    environment: { GATEWAY_API_KEYS: 'canary-client-key-7' },
  });
  const { control } = gateway.sandbox;
  const headers = { 'x-api-key': 'canary-client-key-7' };
  const seen: string[] = [];
  for (const fault of [
    null,
    { kind: 'echo-credential' },
    { kind: 'status', status: 401 },
    { kind: 'cut', afterEvents: 5 },
    { kind: 'wrong-body', body: 'html' },
  ] as const) {
    control.enqueue('anthropic', { fault });
    const body = messagesBody({ messages: [{ role: 'user', content: 'canary-prompt-7' }] });
    const { text, status } = await post(`${gateway.url()}/v1/messages`, body, headers);
    if (status !== 200) seen.push(text);
  }
  const refused = await post(`${gateway.url()}/v1/messages`, messagesBody(), {
    'x-api-key': 'canary-client-key-7-wrong',
  });
  assert.equal(refused.status, 401);
  const broken = await post(`${gateway.url()}/v1/messages`, '{"canary-prompt-7', headers);
  assert.equal(broken.status, 400);
  const metrics = await fetch(`${gateway.url()}/metrics`);
  seen.push(refused.text, broken.text, await metrics.text(), ...lines);
  seen.push(JSON.stringify(await gateway.usageEvents()));
  for (const canary of CANARIES) {
    assert.equal(
      seen.some((text) => text.includes(canary)),
      false,
      canary,
    );
  }
});
