import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { createPriceList } from '../../config/prices/price-list.ts';
import type { Stats } from '../../ingress/stats.ts';
import { startBudgetReports } from '../../ledger/budget-reports.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { startLedger } from '../../ledger/start.ts';
import { parseUsd } from '../../schemas/money.ts';
import type { UsageEvent } from '../../schemas/usage.ts';
import { usageEvent, used, writeEvents } from '../ledger/support/events.ts';
import { log, priceOf } from '../ledger/support/rig.ts';
import {
  messagesBody,
  post,
  startTestGateway,
  type TestGateway,
  type TestGatewayOptions,
} from '../support/gateway.ts';
import { eventually } from '../support/latch.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'gateway-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What `messagesBody()` may cost at most, but for its few tokens of prompt: the 1,024 of output that it asks for. */
const { output } = createPriceList().pricesOf({
  provider: 'anthropic',
  upstreamModel: 'claude-sonnet-5-5',
});
const MOST_USD = Number(1_024n * output) / 1e12;
const WORDING =
  /^spend limit reached \(daily; resets \d{4}-\d\d-\d\d 00:00 UTC\): of .+ USD.* are spent and .+ set aside/;

interface Bed extends AsyncDisposable {
  readonly gateway: TestGateway;
  readonly ledger: Ledger;
  stopLedger(): Promise<void>;
}

/** A gateway whose spending a ledger reports. */
async function startBed(
  environment: Record<string, string>,
  options: Omit<TestGatewayOptions, 'environment'> = {},
): Promise<Bed> {
  await using stack = new AsyncDisposableStack();
  const gateway = stack.use(await startTestGateway({ ...options, environment }));
  const { bus, events, config } = gateway;
  const ledgers = stack.use(new AsyncDisposableStack());
  const ledger = ledgers.use(
    await startLedger(bus, { ledgerId: randomUUID(), events, log, priceOf }),
  );
  const hasBudgets = config.budgets.length > 0;
  ledgers.use(startBudgetReports(bus, { ledger, hasBudgets, log }));
  await eventually(() => ledger.isActive && ledger.isCaughtUp, 'the ledger writes');
  const running = stack.move();
  return {
    gateway,
    ledger,
    stopLedger: () => ledgers.disposeAsync(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function budgets(list: unknown): string {
  const file = path.join(folder, `${randomUUID()}.json`);
  writeFileSync(file, JSON.stringify(list));
  return file;
}

async function statsOf({ gateway }: Bed, key = ''): Promise<Stats> {
  const headers = key === '' ? {} : { 'x-api-key': key };
  const response = await fetch(`${gateway.url()}/stats`, { headers });
  return JSON.parse(await response.text());
}

/** Spends money elsewhere, and waits until this gateway has heard of it. */
async function spend(bed: Bed, usd: string, changes: Partial<UsageEvent> = {}, key = '') {
  const cost = {
    picodollars: String(parseUsd(usd)),
    priceVersion: '0',
    source: 'overlay',
  } as const;
  const event = usageEvent(randomUUID(), { startedAtMs: Date.now() - 1_000, cost, ...changes });
  const before = (await statsOf(bed, key)).costs.today_usd;
  await writeEvents(bed.gateway.bus, [used(event)]);
  const isHeard = async () => (await statsOf(bed, key)).costs.today_usd >= before + Number(usd);
  await eventually(isHeard, 'heard');
}

function send({ gateway }: Bed, port: 'auto' | 'openrouter' = 'auto', headers = {}) {
  return post(`${gateway.url(port)}/v1/messages`, messagesBody(), headers);
}

function checkRefused(answer: Awaited<ReturnType<typeof post>>): string {
  assert.equal(answer.status, 429, answer.text);
  assert.equal(answer.headers.get('x-should-retry'), 'false');
  assert.equal(answer.headers.get('retry-after'), null);
  const { type, error } = JSON.parse(answer.text);
  assert.deepEqual([type, error.type], ['error', 'rate_limit_error']);
  assert.match(error.message, WORDING);
  return error.message;
}

async function spentUsd({ gateway }: Bed): Promise<number> {
  const events = await gateway.usageEvents();
  const sum = events.reduce((total, { cost }) => total + BigInt(cost?.picodollars ?? 0), 0n);
  return Number(sum) / 1e12;
}

test('parallel requests cannot run past the budget', async () => {
  await using bed = await startBed({ DAILY_BUDGET_USD: '0.1' });
  const { control } = bed.gateway.sandbox;
  for (let each = 0; each < 20; each += 1) {
    control.enqueue('anthropic', { outputTokens: 40, tokensPerSecond: 40 });
  }
  const answers = await Promise.all(Array.from({ length: 20 }, () => send(bed)));
  const admitted = answers.filter(({ status }) => status === 200);
  assert.equal(admitted.length, Math.floor(0.1 / MOST_USD));
  for (const answer of answers) if (answer.status !== 200) checkRefused(answer);
  assert.equal(control.requests.length, admitted.length);
  assert.ok((await spentUsd(bed)) <= 0.1);
});

test('what was spent elsewhere counts, and the refusal says it all', async () => {
  await using bed = await startBed({ DAILY_BUDGET_USD: '5' });
  await spend(bed, '4.5');
  assert.equal((await send(bed)).status, 200);
  await spend(bed, '0.495');
  const message = checkRefused(await send(bed));
  assert.match(
    message,
    /of 5\.00 USD 5\.00 are spent and 0\.0\d set aside, which leaves too little/,
  );
  await spend(bed, '1');
  checkRefused(await send(bed));
  const counted = await fetch(`${bed.gateway.url()}/v1/messages/count_tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"model":"claude-sonnet-5-5","messages":[{"role":"user","content":"free"}]}',
  });
  assert.equal(counted.status, 200, 'counting costs nothing');
  const stats = await statsOf(bed);
  assert.deepEqual(
    stats.budgets.map(({ scope, period, limit_usd, reached }) => [
      scope,
      period,
      limit_usd,
      reached,
    ]),
    [['global', 'day', 5, true]],
  );
});

test('a provider out of budget is left out, with and without a router', async () => {
  const BUDGETS_FILE = budgets([
    { scope: 'provider', name: 'anthropic', period: 'day', usd: 1 },
    { scope: 'provider', name: 'openrouter', period: 'day', usd: 1 },
  ]);
  for (const hasRouter of [true, false]) {
    await using bed = await startBed({ BUDGETS_FILE }, { hasRouter });
    assert.equal((await send(bed)).headers.get('x-gateway-provider'), 'anthropic');
    await spend(bed, '1', { provider: 'anthropic' });
    const answer = await send(bed);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('x-gateway-provider'), 'vertex-claude');
    await spend(bed, '2', { provider: 'openrouter' });
    const message = checkRefused(await send(bed, 'openrouter'));
    assert.match(message, /of 1\.00 USD for provider openrouter 2\.00 are spent/);
    assert.equal((await send(bed)).headers.get('x-gateway-provider'), 'vertex-claude');
  }
});

test('a client key out of budget stops, others go on', async () => {
  const [poor, rich] = ['client-key-for-tests-poor', 'client-key-for-tests-rich'];
  const id = (key: string) => createHash('sha256').update(key).digest('hex').slice(0, 16);
  await using bed = await startBed({
    GATEWAY_API_KEYS: `${poor},${rich}`,
    BUDGETS_FILE: budgets([{ scope: 'key', name: id(poor), period: 'day', usd: 1 }]),
  });
  const sendAs = (key: string) => send(bed, 'auto', { 'x-api-key': key });
  assert.equal((await sendAs(poor)).status, 200);
  await spend(bed, '1', { clientKeyId: id(poor) }, rich);
  await spend(bed, '1', { clientKeyId: id(rich) }, rich);
  assert.match(checkRefused(await sendAs(poor)), /for this client key/);
  assert.equal((await sendAs(rich)).status, 200);
});

test('while no ledger runs, the last sums and those of the ingress go on counting', async () => {
  await using bed = await startBed({ DAILY_BUDGET_USD: '1.05' });
  await spend(bed, '1');
  await bed.stopLedger();
  let served = 0;
  let answer = await send(bed);
  for (; answer.status === 200 && served < 500; served += 1) answer = await send(bed);
  checkRefused(answer);
  const spent = await spentUsd(bed);
  assert.ok(spent <= 1.05, `${spent}`);
  // Not what they may have cost counts, but what they did.
  assert.ok(served > Math.ceil(0.05 / MOST_USD), `${served}`);
});

test('a refusing provider costs nothing: its fallback is not held against the budget', async () => {
  await using bed = await startBed({ DAILY_BUDGET_USD: (MOST_USD * 1.5).toFixed(6) });
  bed.gateway.sandbox.control.enqueue('anthropic', { fault: { kind: 'status', status: 529 } });
  const answer = await send(bed);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get('x-gateway-provider'), 'vertex-claude');
});

test('costs are told by provider, in statistics and metrics', async () => {
  await using bed = await startBed({});
  const quiet = await statsOf(bed);
  assert.deepEqual([quiet.alerts, quiet.budgets], [[], []]);
  await spend(bed, '1.25', { provider: 'openrouter' });
  await spend(bed, '0.5', { provider: 'anthropic' });
  const { costs } = await statsOf(bed);
  assert.deepEqual(
    [costs.this_hour_usd, costs.today_usd, costs.month_usd, costs.reserved_usd],
    [1.75, 1.75, 1.75, 0],
  );
  assert.deepEqual(costs.by_provider, {
    openrouter: { today_usd: 1.25, month_usd: 1.25 },
    anthropic: { today_usd: 0.5, month_usd: 0.5 },
  });
  const metrics = await (await fetch(`${bed.gateway.url()}/metrics`)).text();
  assert.match(metrics, /^gateway_cost_today_usd\{provider="openrouter"\} 1\.25$/m);
});
