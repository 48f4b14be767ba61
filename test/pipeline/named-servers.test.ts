import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { startSandbox } from '../../sandbox/start.ts';
import { messagesBody, post, startTestGateway } from '../support/gateway.ts';

test('several OpenAI-compatible servers run under names of their own, each with its wire', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const folder = mkdtempSync(path.join(tmpdir(), 'servers-'));
  const file = path.join(folder, 'servers.json');
  const apiKey = 'sk-test';
  writeFileSync(
    file,
    JSON.stringify([
      { name: 'chat', baseUrl: `${sandbox.url}/v1`, apiKey },
      { name: 'native', baseUrl: `${sandbox.url}/api/v1`, apiKey, wire: 'anthropic-messages' },
    ]),
  );
  try {
    await using gateway = await startTestGateway({
      environment: { OPENAI_COMPATIBLE_FILE: file, PROVIDER_CHAIN: 'chat,native' },
    });
    const ask = async (model: string) => {
      const { status, text, headers } = await post(
        `${gateway.url()}/v1/messages`,
        messagesBody({ model, stream: false }),
      );
      assert.equal(status, 200, text);
      return headers;
    };
    const chat = await ask('chat/gpt-4.1');
    assert.equal(chat.get('x-gateway-provider'), 'openai-compatible-chat');
    assert.equal(chat.get('x-gateway-model'), 'gpt-4.1');
    const native = await ask('native/anthropic/claude-sonnet-5.5');
    assert.equal(native.get('x-gateway-provider'), 'openai-compatible-native');
    assert.deepEqual(
      sandbox.control.requests.map(({ path: where }) => where),
      ['/v1/chat/completions', '/api/v1/messages'],
    );
    const providers = (await gateway.usageEvents()).map(({ provider }) => provider);
    assert.deepEqual(providers, ['openai-compatible-chat', 'openai-compatible-native']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
