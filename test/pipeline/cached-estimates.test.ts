/** What a request is taken to have cost when its client leaves before the provider has told: a cached prompt is cheap. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { billOf } from '../../bench/truth/calls.ts';
import type { BehaviourSpec } from '../../sandbox/control.ts';
import type { RecordedRequest } from '../../sandbox/recorded-request.ts';
import type { UsageEvent } from '../../schemas/usage.ts';
import { messagesBody, post, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { eventually } from '../support/latch.ts';

const SESSION = { 'x-claude-code-session-id': 'session-1' };
/** The sandbox's OpenRouter takes for it what the price list says. */
const MODEL = 'claude-sonnet-4-5';
const SYSTEM = 'A prompt that stays the same for all requests of a conversation. '.repeat(600);

interface Conversation {
  readonly provider: 'anthropic' | 'openrouter';
  readonly ttl: '5m' | '1h';
}

function bodyOf({ ttl }: Conversation, turns: number): string {
  const cache_control = { type: 'ephemeral', ttl };
  const said = Array.from({ length: turns }, (_, turn) => [
    { role: 'user', content: `Question ${turn} of this conversation.` },
    { role: 'assistant', content: 'An answer.' },
  ]).flat();
  const content = [
    { type: 'text', text: `Question ${turns} of this conversation.`, cache_control },
  ];
  return messagesBody({
    model: MODEL,
    system: [{ type: 'text', text: SYSTEM, cache_control }],
    messages: [...said, { role: 'user', content }],
  });
}

/** A first request is answered, and the routers have heard of it. */
async function begin(gateway: TestGateway, conversation: Conversation): Promise<void> {
  const first = await post(`${gateway.url()}/v1/messages`, bodyOf(conversation, 0), SESSION);
  assert.equal(first.status, 200, first.text);
}

async function untilKnown(gateway: TestGateway, conversation: Conversation): Promise<void> {
  const url = `${gateway.url()}/admin/route/explain`;
  await eventually(async () => {
    const { text } = await post(url, bodyOf(conversation, 1), SESSION);
    return JSON.parse(text).decision.targets[0].cachedTokens > 0;
  }, 'a router that knows what is cached');
}

/** The second request, whose client leaves: before its answer begins, or in its midst. */
async function leave(
  gateway: TestGateway,
  conversation: Conversation,
  { behaviour, hasAnswer }: { behaviour: BehaviourSpec; hasAnswer: boolean },
): Promise<{ event: UsageEvent; call: RecordedRequest }> {
  const { control } = gateway.sandbox;
  control.enqueue(conversation.provider, behaviour);
  const client = new AbortController();
  const arrived = control.nextRequest();
  const ended = control.nextEnd();
  const answer = fetch(`${gateway.url()}/v1/messages`, {
    method: 'POST',
    body: bodyOf(conversation, 1),
    headers: { 'content-type': 'application/json', ...SESSION },
    signal: client.signal,
  });
  if (hasAnswer) await (await answer).body?.getReader().read();
  else await arrived;
  client.abort();
  await answer.catch(() => undefined); // the abort that we caused
  const call = await ended;
  await eventually(async () => (await gateway.usageEvents()).length === 2, 'its usage event');
  const event = (await gateway.usageEvents())[1];
  assert.ok(event);
  assert.deepEqual([event.outcome, event.estimated], ['cancelled', true]);
  return { event, call };
}

function percentOff(gateway: TestGateway, event: UsageEvent, call: RecordedRequest): number {
  const owed = Number(billOf(call, gateway.prices));
  assert.ok(owed > 0);
  return (Number(event.cost?.picodollars ?? 0) / owed - 1) * 100;
}

const SLOW = { outputTokens: 5_000, tokensPerSecond: 100, chunksPerTick: 1 } as const;
const MOMENTS = [
  ['before its headers', { behaviour: { firstByteMs: 60_000 }, hasAnswer: false }],
  [
    'before message_start',
    { behaviour: { fault: { kind: 'stall', at: 'after-headers' } }, hasAnswer: false },
  ],
  ['after message_start', { behaviour: SLOW, hasAnswer: true }],
] as const;

for (const conversation of [
  { provider: 'anthropic', ttl: '5m' },
  { provider: 'anthropic', ttl: '1h' },
  { provider: 'openrouter', ttl: '5m' },
] as const) {
  describe(`a prompt cached for ${conversation.ttl} at ${conversation.provider}, cancelled`, () => {
    for (const [moment, options] of MOMENTS) {
      test(`${moment}: the estimate is within a fifth of the bill`, async () => {
        await using gateway = await startTestGateway({
          environment: { PROVIDER_CHAIN: conversation.provider },
        });
        await begin(gateway, conversation);
        await untilKnown(gateway, conversation);
        const { event, call } = await leave(gateway, conversation, options);
        assert.ok((call.input?.cacheReadTokens ?? 0) > 5_000);
        const off = percentOff(gateway, event, call);
        assert.ok(Math.abs(off) <= 20, `${off.toFixed(1)} % off: ${JSON.stringify(event.usage)}`);
        const { cacheReadInputTokens, cacheCreation1hInputTokens } = event.usage;
        assert.ok(cacheReadInputTokens > 5_000);
        if (conversation.ttl === '5m') assert.equal(cacheCreation1hInputTokens, 0);
      });
    }
  });
}

test('without a router nobody knows what is cached: the whole prompt is taken to be written', async () => {
  const conversation = { provider: 'anthropic', ttl: '5m' } as const;
  await using gateway = await startTestGateway({ hasRouter: false });
  await begin(gateway, conversation);
  const options = { behaviour: { firstByteMs: 60_000 }, hasAnswer: false };
  const { event, call } = await leave(gateway, conversation, options);
  const { cacheCreation5mInputTokens, ...rest } = event.usage;
  assert.ok(cacheCreation5mInputTokens > 5_000);
  assert.ok(Object.values(rest).every((tokens) => tokens === 0));
  assert.ok(percentOff(gateway, event, call) > 200);
});
