import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kvm } from '@nats-io/kv';
import { createLog } from '../../bus/log.ts';
import { publishModelList } from '../../bus/model-lists.ts';
import { startTestGateway } from '../support/gateway.ts';
import { eventually } from '../support/latch.ts';

interface Page {
  readonly data: readonly { readonly id: string; readonly display_name: string }[];
  readonly has_more: boolean;
}

test('GET /v1/models shows what is reachable, the lists of providers included', async () => {
  const environment = { PROVIDER_CHAIN: 'anthropic,openrouter,vertex-gemini' };
  await using gateway = await startTestGateway({ environment, readsModelLists: true });
  const list = async (): Promise<Page> =>
    (await (await fetch(`${gateway.url()}/v1/models?limit=1000`)).json()) as Page;
  const own = await fetch(`${gateway.sandbox.url}/api/v1/models`, {
    headers: { authorization: 'Bearer sk-or-test' },
  });
  const published = ((await own.json()) as Page).data.map(({ id }) => id);
  assert.ok(published.length > 3);
  await eventually(async () => {
    const ids = new Set((await list()).data.map(({ id }) => id));
    return published
      .filter((id) => !id.startsWith('anthropic/'))
      .every((id) => ids.has(`anthropic/openrouter/${id}`));
  }, 'the models of OpenRouter’s own list');
  const { data, has_more } = await list();
  assert.equal(has_more, false);
  assert.ok(data.some(({ id }) => id === 'claude-sonnet-5-5'));
  assert.ok(data.some(({ id }) => id.startsWith('anthropic/vertex-gemini/gemini-')));
});

test('nonsense in the bucket of lists is left out: the list is answered without it', async () => {
  await using gateway = await startTestGateway({ environment: { PROVIDER_CHAIN: 'openrouter' } });
  const log = createLog({ level: 'silent', name: 'test' });
  await publishModelList(gateway.bus, { provider: 'openrouter', models: [] }, { log });
  const kv = await new Kvm(gateway.bus.connection).open('gw-models');
  const good = {
    id: 'maker/good',
    displayName: null,
    createdAt: null,
    contextWindowTokens: null,
    maxOutputTokens: null,
    capabilities: null,
  };
  await kv.put(
    'openrouter',
    JSON.stringify([null, 5, {}, { id: 7 }, { ...good, capabilities: 1 }, good]),
  );
  const list = async () => {
    const response = await fetch(`${gateway.url()}/v1/models?limit=1000`);
    assert.equal(response.status, 200);
    return ((await response.json()) as Page).data.map(({ id }) => id);
  };
  const shown = 'anthropic/openrouter/maker/good';
  await eventually(async () => (await list()).includes(shown), 'the good entry');
  await kv.put('openrouter', 'no json');
  await eventually(async () => !(await list()).includes(shown), 'no entry at all');
});
