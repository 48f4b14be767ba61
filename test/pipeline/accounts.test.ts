import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../bus/log.ts';
import { subscribeObservations } from '../../bus/observation-feed.ts';
import type { Observation } from '../../schemas/observation.ts';
import { messagesBody, post, startTestGateway, type TestGateway } from '../support/gateway.ts';

const SECOND_KEY = 'sk-or-second-credential';
const AT_ITS_LIMIT = {
  fault: { kind: 'status', status: 429, retryAfterSeconds: 30 },
} as const;

function startWithTwoKeys(): Promise<TestGateway> {
  return startTestGateway({
    environment: { OPENROUTER_API_KEY_2: SECOND_KEY, PROVIDER_CHAIN: 'openrouter' },
  });
}

function paidWith({ sandbox }: TestGateway): (string | undefined)[] {
  return sandbox.control.requests.map(
    ({ headers }) => headers.find(([name]) => name === 'authorization')?.[1],
  );
}

test('when one account is at its limit, the next serves the same request', async () => {
  await using gateway = await startWithTwoKeys();
  gateway.sandbox.control.enqueue('openrouter', AT_ITS_LIMIT);
  const url = `${gateway.url()}/v1/messages`;
  const answer = await post(url, messagesBody());
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get('x-gateway-attempts'), '2');
  assert.equal(answer.headers.get('x-gateway-provider'), 'openrouter');
  const [limited, serving, ...others] = paidWith(gateway);
  assert.notEqual(limited, serving);
  assert.deepEqual(others, []);
  const accounts = new Map([
    ['Bearer sk-or-test-credential', 'OPENROUTER_API_KEY'],
    [`Bearer ${SECOND_KEY}`, 'OPENROUTER_API_KEY_2'],
  ]);
  const events = await gateway.usageEvents();
  assert.deepEqual(
    events.map(({ account, outcome }) => [account, outcome]),
    [
      [accounts.get(limited ?? ''), 'failed'],
      [accounts.get(serving ?? ''), 'completed'],
    ],
  );
  // The limited account is left alone until its limit resets.
  for (let round = 0; round < 5; round += 1) {
    const next = await post(url, messagesBody());
    assert.deepEqual([next.status, next.headers.get('x-gateway-attempts')], [200, '1']);
  }
  assert.deepEqual(new Set(paidWith(gateway).slice(1)), new Set([serving]));
});

test('routers hear of every account and of every attempt, and never of a credential', async () => {
  await using gateway = await startWithTwoKeys();
  const heard: Observation[] = [];
  const ended = Promise.withResolvers<void>();
  const feed = subscribeObservations(
    gateway.bus,
    ({ observations }) => {
      heard.push(...observations);
      if (heard.some(({ kind }) => kind === 'ended')) ended.resolve();
    },
    { log: createLog({ level: 'silent', name: 'test' }) },
  );
  await gateway.bus.connection.flush();
  await post(`${gateway.url()}/v1/messages`, messagesBody());
  await ended.promise;
  feed.unsubscribe();
  const attempts = heard.filter(({ kind }) => kind !== 'account');
  assert.deepEqual(
    attempts.map(({ kind }) => kind),
    ['started', 'ended'], // a quick answer's end tells of its headers too
  );
  const text = JSON.stringify(heard);
  assert.match(text, /"account":"OPENROUTER_API_KEY(_2)?"/);
  assert.doesNotMatch(text, /sk-or/);
});
