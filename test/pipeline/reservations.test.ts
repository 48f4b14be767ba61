import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { costOf } from '../../config/prices/cost.ts';
import { STREAMS } from '../../schemas/subjects.ts';
import { NO_USAGE, type UsageEvent } from '../../schemas/usage.ts';
import { messagesBody, post, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { eventually } from '../support/latch.ts';
import { type LedgerEvents, readLedgerEvents } from '../support/ledger-events.ts';
import { freePort } from '../support/processes.ts';

/** Providers in the chain's order. */
const AVAILABILITY = { DEFAULT_ROUTING_STRATEGY: 'availability' };

/** What the ledger was told, once `requests` outcomes are in. */
async function ledgerEvents(gateway: TestGateway, requests: number): Promise<LedgerEvents> {
  let events: LedgerEvents | null = null;
  await eventually(async () => {
    assert.ok(await gateway.events.flush(5_000));
    events = await readLedgerEvents(gateway.bus);
    return events.outcomes.length >= requests;
  }, `${requests} outcomes`);
  if (events === null) throw new Error('nothing was read');
  return events;
}

/** Every attempt has one reservation, then one end. */
function checkPairs({ order, finals }: LedgerEvents): void {
  const attempts = finals.map(({ requestId, attempt }) => `${requestId}.${attempt}`);
  assert.equal(new Set(order).size, order.length, 'nothing twice');
  assert.equal(order.length, 2 * attempts.length);
  for (const attempt of attempts) {
    const [reserved, ended] = [`${attempt} reserved`, `${attempt} ended`].map((entry) =>
      order.indexOf(entry),
    );
    assert.ok(reserved !== undefined && ended !== undefined && reserved >= 0 && reserved < ended);
  }
}

function checkCost({ prices }: TestGateway, event: UsageEvent | undefined): bigint {
  assert.ok(event);
  const { provider, upstreamModel, responseModel, raw, startedAtMs } = event;
  const context = { provider, upstreamModel, responseModel, raw, atMs: startedAtMs };
  const { picodollars, priceVersion, source } = costOf(event.usage, context, prices);
  assert.deepEqual(event.cost, { picodollars: picodollars.toString(), priceVersion, source });
  assert.equal(priceVersion, prices.version);
  return picodollars;
}

function hangUpAfterFirstBytes(gateway: TestGateway): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request(`${gateway.url()}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    call.on('error', reject);
    call.on('response', (response) => {
      response.once('data', () => {
        call.off('error', reject).on('error', () => {}); // the reset that we cause
        call.destroy();
        resolve();
      });
    });
    call.end(messagesBody());
  });
}

test('an attempt is reserved before it ends, at no less than it costs', async () => {
  await using gateway = await startTestGateway({ environment: AVAILABILITY });
  const headers = {
    'x-claude-code-session-id': 'session-7',
    'x-claude-code-agent-id': 'agent-7',
  };
  const answer = await post(`${gateway.url()}/v1/messages`, messagesBody(), headers);
  const events = await ledgerEvents(gateway, 1);
  checkPairs(events);
  const [reservation] = events.reservations;
  const [final] = events.finals;
  const [outcome] = events.outcomes;
  assert.ok(reservation && final && outcome);
  const cost = checkCost(gateway, final);
  assert.ok(cost > 0n && cost <= BigInt(reservation.picodollarsMax));
  const prices = gateway.prices.pricesOf({
    provider: 'anthropic',
    upstreamModel: reservation.upstreamModel,
  });
  const tokens = BigInt(reservation.inputTokensEstimate);
  assert.ok(tokens > 0n);
  assert.equal(BigInt(reservation.picodollarsIfLost), tokens * prices.input);
  assert.equal(
    BigInt(reservation.picodollarsMax),
    tokens * prices.cacheWrite5m + 1024n * prices.output,
  );
  assert.equal(reservation.priceVersion, gateway.prices.version);
  for (const told of [reservation, final, outcome]) {
    assert.deepEqual(
      [told.requestId, told.sessionId, told.requestModel, told.requestClass],
      [answer.headers.get('request-id'), 'session-7', 'claude-sonnet-5-5', 'subagent'],
    );
  }
  assert.equal(final.agentId, 'agent-7');
  assert.match(answer.text, new RegExp(`"id":\\s*"${final.messageId}"`));
  assert.deepEqual(
    [outcome.status, outcome.provider, outcome.attempts, outcome.isFallback],
    [200, 'anthropic', 1, false],
  );
});

test('refused, unreachable, broken and cancelled attempts: one reservation and one end each', async () => {
  const port = await freePort();
  await using gateway = await startTestGateway({
    environment: { ...AVAILABILITY, VERTEX_CLAUDE_BASE_URL: `http://127.0.0.1:${port}` },
  });
  const { control } = gateway.sandbox;
  const url = `${gateway.url()}/v1/messages`;
  assert.equal((await post(url, messagesBody({ stream: false }))).status, 200);
  control.enqueue('anthropic', { outputTokens: 5_000, tokensPerSecond: 100, chunksPerTick: 1 });
  const ended = control.nextEnd();
  await hangUpAfterFirstBytes(gateway);
  await ended;
  control.enqueue('anthropic', { fault: { kind: 'cut', afterEvents: 10 }, outputTokens: 50 });
  await post(url, messagesBody());
  // Who has just failed is asked last.
  control.enqueue('openrouter', { fault: { kind: 'status', status: 529 } });
  assert.equal((await post(url, messagesBody())).status, 200);
  const events = await ledgerEvents(gateway, 4);
  checkPairs(events);
  assert.deepEqual(
    events.finals.map(({ provider, outcome }) => `${provider} ${outcome}`),
    [
      'anthropic completed',
      'anthropic cancelled',
      'anthropic failed',
      'vertex-claude failed',
      'openrouter failed',
      'anthropic completed',
    ],
  );
  const costs = events.finals.map((event) => checkCost(gateway, event));
  assert.deepEqual(
    costs.map((cost) => cost > 0n),
    [true, true, true, false, false, true],
  );
  assert.deepEqual(events.finals[3]?.usage, NO_USAGE);
  assert.deepEqual(
    events.finals.map(({ messageId }) => messageId !== null),
    [true, true, true, false, false, true],
  );
  assert.deepEqual(
    events.outcomes.map(({ status, attempts, isFallback }) => [status, attempts, isFallback]),
    [
      [200, 1, false],
      [499, 1, false],
      [200, 1, false],
      [200, 3, true],
    ],
  );
});

test('every wire tells the id of the message that the client got, streamed or whole', async () => {
  await using gateway = await startTestGateway({
    environment: { PROVIDER_CHAIN: 'anthropic,vertex-gemini,openrouter' },
  });
  const asked = [
    ['auto', 'claude-sonnet-5-5'],
    ['vertex-gemini', 'claude-sonnet-5-5'],
    ['openrouter', 'claude-sonnet-5-5'],
    ['openrouter', 'qwen/qwen3-coder'],
  ] as const;
  const ids: (string | undefined)[] = [];
  for (const [port, model] of asked) {
    for (const stream of [true, false]) {
      const { text } = await post(
        `${gateway.url(port)}/v1/messages`,
        messagesBody({ model, stream }),
      );
      ids.push(/"id":\s*"(msg_\w+)"/.exec(text)?.[1]);
    }
  }
  const { finals } = await ledgerEvents(gateway, ids.length);
  assert.ok(
    ids.every((id) => id !== undefined),
    ids.join(),
  );
  assert.deepEqual(
    finals.map(({ messageId }) => messageId),
    ids,
  );
  for (const event of finals) assert.ok(checkCost(gateway, event) >= 0n);
});

test('count_tokens reserves nothing and tells nothing', async () => {
  await using gateway = await startTestGateway();
  const body = '{"model":"claude-sonnet-5-5","messages":[{"role":"user","content":"count me"}]}';
  await post(`${gateway.url()}/v1/messages/count_tokens`, body);
  await post(`${gateway.url()}/v1/messages`, messagesBody());
  const { reservations, outcomes, finals } = await ledgerEvents(gateway, 1);
  assert.deepEqual([reservations.length, finals.length, outcomes.length], [1, 1, 1]);
});

// JetStream stores and never says so: what a full disk looks like to its publishers.
async function setSilent({ bus }: TestGateway, isSilent: boolean): Promise<void> {
  const manager = await jetstreamManager(bus.connection);
  await manager.streams.update(STREAMS.events, { no_ack: isSilent });
}

test('strict: nothing is sent upstream before the log has the reservation, and nothing without', async () => {
  await using gateway = await startTestGateway({
    environment: { ...AVAILABILITY, ACCOUNTING: 'strict' },
  });
  const url = `${gateway.url()}/v1/messages`;
  assert.equal((await post(url, messagesBody())).status, 200);
  await setSilent(gateway, true);
  const refused = await post(url, messagesBody());
  assert.equal(refused.status, 529);
  const { error } = JSON.parse(refused.text);
  assert.equal(error.type, 'overloaded_error');
  assert.match(error.message, /ledger cannot be written.*ACCOUNTING=strict/);
  assert.equal(refused.headers.get('x-gateway-attempts'), '1', 'others write to the same log');
  assert.equal(gateway.sandbox.control.requests.length, 1);
  await setSilent(gateway, false);
  assert.ok(await gateway.events.flush(10_000));
  assert.equal((await post(url, messagesBody())).status, 200);
  const events = await ledgerEvents(gateway, 3);
  // Behind the one that was given up on, both came from the disk.
  assert.deepEqual(
    [events.reservations.length, new Set(events.order).size, events.order.length],
    [3, 6, 6],
  );
  assert.deepEqual(
    events.finals.map(({ outcome, cost }) => [outcome, cost?.picodollars === '0']),
    [
      ['completed', false],
      ['failed', true],
      ['completed', false],
    ],
  );
});
