import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Stats } from '../../ingress/stats.ts';
import { messagesBody, post, startTestGateway } from '../support/gateway.ts';

const SESSION = 'a444bbbd-d45c-4452-a62e-c1f276fc5f2d';

test('routers hear what a request is for', async () => {
  await using gateway = await startTestGateway();
  const cases: readonly (readonly [
    fields: Record<string, unknown>,
    headers: Record<string, string>,
    expected: string,
  ])[] = [
    [{}, {}, 'main'],
    [{}, { 'x-claude-code-agent-id': 'aab32c259e9608bd0' }, 'subagent'],
    [{}, { 'X-Claude-Code-Request-Class': 'auxiliary' }, 'auxiliary'],
    [
      { messages: [{ role: 'user', content: 'CRITICAL: Respond with TEXT ONLY. Do not stop.' }] },
      {},
      'compaction',
    ],
  ];
  for (const [fields, headers] of cases) {
    const { status } = await post(`${gateway.url()}/v1/messages`, messagesBody(fields), {
      'x-claude-code-session-id': SESSION,
      ...headers,
    });
    assert.equal(status, 200);
  }
  const response = await fetch(`${gateway.url()}/stats`);
  const { recent_decisions }: Stats = JSON.parse(await response.text());
  assert.deepEqual(
    recent_decisions.map(({ requestClass }) => requestClass).toReversed(),
    cases.map(([, , expected]) => expected),
  );
});
