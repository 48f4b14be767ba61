import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../config/limits.ts';
import { messagesBody, post, startTestGateway } from '../support/gateway.ts';

test('a body that is too large with the longer name of its model goes to somebody else', async () => {
  await using gateway = await startTestGateway({
    environment: { PROVIDER_CHAIN: 'openrouter,anthropic', BIG_MODEL: '', MIDDLE_MODEL: '' },
  });
  const url = `${gateway.url()}/v1/messages`;
  const small = await post(url, messagesBody());
  assert.equal(small.headers.get('x-gateway-provider'), 'openrouter');
  // White space counts as bytes of the body and not as tokens of the prompt.
  const filled = messagesBody().padEnd(LIMITS.bodyBytesMax, ' ');
  const large = await post(url, filled);
  assert.equal(large.status, 200, large.text.slice(0, 300));
  assert.equal(large.headers.get('x-gateway-provider'), 'anthropic');
});
