import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messagesBody, post, startTestGateway, type TestGateway } from '../support/gateway.ts';

function explain(
  gateway: TestGateway,
  fields: Record<string, unknown> = {},
  { query = '', headers = {} }: { query?: string; headers?: Record<string, string> } = {},
) {
  const url = `${gateway.url()}/admin/route/explain${query}`;
  return post(url, messagesBody(fields), headers);
}

test('a decision is explained and nobody is called', async () => {
  await using gateway = await startTestGateway();
  const { status, text } = await explain(
    gateway,
    {},
    { headers: { 'x-claude-code-request-class': 'compaction' } },
  );
  assert.equal(status, 200, text);
  const explanation = JSON.parse(text);
  assert.equal(explanation.requestModel, 'claude-sonnet-5-5');
  assert.equal(explanation.requestClass, 'compaction');
  assert.equal(explanation.decision.strategy, 'availability');
  assert.equal(explanation.decision.waitMs, 0);
  const candidates: readonly { provider: string; isEligible: boolean }[] = explanation.candidates;
  assert.deepEqual(
    candidates.map(({ provider }) => provider).toSorted(),
    [...gateway.config.chain].toSorted(),
  );
  assert.ok(candidates.every(({ isEligible }) => isEligible));
  assert.equal(gateway.sandbox.control.requests.length, 0);
});

test('a provider’s own port is stood for by the query', async () => {
  await using gateway = await startTestGateway();
  for (const name of ['vertex-claude', 'vertex']) {
    const { text } = await explain(gateway, {}, { query: `?pinned=${name}` });
    const { decision } = JSON.parse(text);
    assert.equal(decision.reason, 'pinned');
    assert.deepEqual(
      decision.targets.map(({ provider }: { provider: string }) => provider),
      ['vertex-claude'],
    );
  }
  const unknown = await explain(gateway, {}, { query: '?pinned=nobody' });
  assert.equal(unknown.status, 400);
  assert.match(JSON.parse(unknown.text).error.message, /^pinned: /);
});

test('a request that no provider would get is refused as /v1/messages refuses it', async () => {
  await using gateway = await startTestGateway();
  const { status, text } = await explain(gateway, { messages: [] });
  assert.equal(status, 400);
  assert.match(JSON.parse(text).error.message, /^messages: /);
});

test('what is explained is what happens', async () => {
  await using gateway = await startTestGateway();
  const headers = { 'x-claude-code-session-id': 'a444bbbd-d45c-4452-a62e-c1f276fc5f2d' };
  const { decision } = JSON.parse((await explain(gateway, {}, { headers })).text);
  const answer = await post(`${gateway.url()}/v1/messages`, messagesBody(), headers);
  assert.equal(answer.headers.get('x-gateway-provider'), decision.targets[0].provider);
  assert.equal(answer.headers.get('x-gateway-route'), `${decision.strategy}; ${decision.reason}`);
});
