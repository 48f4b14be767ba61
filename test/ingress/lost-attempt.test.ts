import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../config/load.ts';
import { costOf } from '../../config/prices/cost.ts';
import { createPriceList } from '../../config/prices/price-list.ts';
import type { Exchange } from '../../ingress/exchange.ts';
import { type LostAttempt, publishLostAttempt } from '../../ingress/lost-attempt.ts';
import type { Relay } from '../../ingress/relay.ts';
import type { Operation, RequestFacts } from '../../schemas/envelope.ts';
import type { Observation } from '../../schemas/observation.ts';
import { NO_USAGE, type UsageEvent, usageEventSchema } from '../../schemas/usage.ts';
import { workOf } from '../workers/support/attempt.ts';

const config = loadConfig(
  { ANTHROPIC_API_KEY: 'k', ANTHROPIC_API_KEY_2: 'k2' },
  { projectDir: '/project' },
);
const prices = createPriceList(config.prices);

function lose(
  operation: Operation,
  target: Partial<LostAttempt['target']> = {},
  more: Partial<RequestFacts> = {},
): { events: UsageEvent[]; observations: Observation[]; urgent: number } {
  const { facts } = workOf('{"model":"claude-opus-5-5"}', {
    facts: { operation, ...more },
  }).dispatch;
  const events: UsageEvent[] = [];
  const observations: Observation[] = [];
  let urgent = 0;
  publishLostAttempt(
    {
      config,
      prices,
      events: { publish: (_subject, _id, event) => events.push(usageEventSchema.parse(event)) },
      observations: {
        add(observation, how) {
          observations.push(observation);
          if (how?.isUrgent === true) urgent += 1;
        },
      },
    },
    {
      exchange: { requestId: 'req_1', facts, clientKeyId: null } as Exchange, // what is read of it
      target: { provider: 'anthropic', account: null, model: null, cachedTokens: 0, ...target },
      attempt: 2,
      startedAtMs: Date.now() - 50,
      relay: { head: null, tail: { outputTokens: () => 10 } } as Relay, // what is read of it
    },
  );
  return { events, observations, urgent };
}

test('a vanished worker’s attempt ends in the ledger and for the routers alike', () => {
  const { events, observations, urgent } = lose('messages');
  const [event] = events;
  const [ended] = observations;
  assert.ok(ended?.kind === 'ended');
  assert.deepEqual([events.length, observations.length, urgent], [1, 1, 1]);
  assert.deepEqual(
    [ended.attemptId, ended.outcome, ended.failure, ended.account, ended.upstreamModel],
    ['req_1.2', 'lost', null, 'ANTHROPIC_API_KEY', 'claude-opus-5-5'],
  );
  assert.deepEqual(
    [event?.id, event?.account, event?.outcome, event?.usage],
    ['req_1.2.usage', 'ANTHROPIC_API_KEY', 'lost', ended.usage],
  );
  assert.deepEqual([ended.usage.inputTokens, ended.usage.outputTokens], [1234, 10]);
  assert.ok(ended.durationMs >= 50);
  assert.ok(event);
  const { cost } = event;
  const asked = { provider: 'anthropic', upstreamModel: 'claude-opus-5-5' } as const;
  const context = { ...asked, responseModel: null, raw: null, atMs: event.startedAtMs };
  const { picodollars, priceVersion, source } = costOf(event.usage, context, prices);
  assert.deepEqual(cost, { picodollars: String(picodollars), priceVersion, source });
  assert.ok(picodollars > 0n);
  assert.deepEqual([event.requestClass, event.agentId, event.messageId], ['main', null, null]);
});

test('it is that of the account and the model that the router chose', () => {
  const target = { account: 'ANTHROPIC_API_KEY_2', model: 'claude-haiku-5-5' };
  const { events, observations } = lose('messages', target);
  const [ended] = observations;
  assert.ok(ended?.kind === 'ended');
  for (const seen of [ended, events[0]]) {
    assert.deepEqual(
      [seen?.account, seen?.upstreamModel],
      ['ANTHROPIC_API_KEY_2', 'claude-haiku-5-5'],
    );
  }
  assert.equal(events[0]?.requestModel, 'claude-opus-5-5');
});

test('what is cached at its target is read, and the rest of its prompt written', () => {
  const facts = { inputTokensEstimate: 1_000, cacheTtlMs: 3_600_000 };
  const [event] = lose('messages', { cachedTokens: 900 }, facts).events;
  assert.deepEqual(event?.usage, {
    ...NO_USAGE,
    cacheReadInputTokens: 900,
    cacheCreation1hInputTokens: 100,
    outputTokens: 10,
  });
  const known = prices.pricesOf({ provider: 'anthropic', upstreamModel: 'claude-opus-5-5' });
  assert.equal(
    BigInt(event?.cost?.picodollars ?? 0),
    900n * known.cacheRead + 100n * known.cacheWrite1h + 10n * known.output,
  );
});

test('a lost token count costs nothing', () => {
  const { events, observations } = lose('count_tokens');
  const [ended] = observations;
  assert.ok(ended?.kind === 'ended');
  assert.deepEqual([events.length, ended.usage, ended.conversation], [0, NO_USAGE, null]);
});
