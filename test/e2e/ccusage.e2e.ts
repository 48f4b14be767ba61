/** The readers of Claude Code's transcripts, on exports of what a gateway really wrote into its log. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openEventLog } from '../../bus/event-log.ts';
import { createLedgerStore } from '../../bus/ledger-store.ts';
import { openClaudeFolder } from '../../ledger/exports/claude-folder.ts';
import { ClaudeLines, type ClaudeVariant } from '../../ledger/exports/claude-lines.ts';
import { exportEntries } from '../../ledger/exports/export-entries.ts';
import { readKeptTotals } from '../../ledger/reports/kept-totals.ts';
import { startLedger } from '../../ledger/start.ts';
import type { RunningTally } from '../../ledger/state/tally.ts';
import { PICODOLLARS_PER_USD } from '../../schemas/money.ts';
import { log, priceOf } from '../ledger/support/rig.ts';
import { CCUSAGE_VERSIONS, type CcusageTotals, readWithCcusage } from '../support/ccusage.ts';
import { totalOfClaudeCodeCosts } from '../support/claude-code-costs.ts';
import { messagesBody, post, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { eventually } from '../support/latch.ts';

const EVERYTHING = { sinceMs: 0, untilMs: Number.POSITIVE_INFINITY, timeZone: 'UTC' };
/** Readers add floating-point numbers up. */
const USD_DRIFT_MAX = 1e-9;
const SONNET_4_TOKEN_USD = 0.000003;

/** Long enough for every provider's prompt cache. */
const LONG_TEXT = 'what stays the same from call to call, '.repeat(1_000);
const PORTS = ['auto', 'openrouter', 'vertex-claude', 'vertex-gemini'] as const;
const REQUESTS = 24;

/** Requests over all wires: streamed and whole, in three sessions, cached for both times, and one that fell over. */
async function makeTraffic(gateway: TestGateway): Promise<void> {
  gateway.sandbox.control.enqueue('anthropic', { fault: { kind: 'status', status: 529 } });
  for (let index = 0; index < REQUESTS; index += 1) {
    const port = PORTS[index % PORTS.length] ?? 'auto';
    const ttl = index % 3 === 0 ? '1h' : '5m';
    const fields = {
      model: index % 3 === 0 ? 'claude-opus-5' : 'claude-sonnet-5-5',
      stream: index % 2 === 0,
      system: [{ type: 'text', text: LONG_TEXT, cache_control: { type: 'ephemeral', ttl } }],
      messages: [{ role: 'user', content: `sandbox: say number ${index}` }],
    };
    const session = { 'x-claude-code-session-id': `session-${index % 3}` };
    const { status, text } = await post(
      `${gateway.url(port)}/v1/messages`,
      messagesBody(fields),
      session,
    );
    assert.equal(status, 200, text);
  }
}

interface Bed extends AsyncDisposable {
  readonly total: RunningTally;
  exportTo(variant: ClaudeVariant): Promise<string>;
}

async function startBed(): Promise<Bed> {
  await using stack = new AsyncDisposableStack();
  const environment = { PROVIDER_CHAIN: 'anthropic,vertex-claude,openrouter,vertex-gemini' };
  const gateway = stack.use(await startTestGateway({ environment }));
  const { bus, events } = gateway;
  stack.use(await startLedger(bus, { ledgerId: 'e2e', events, priceOf, log }));
  await makeTraffic(gateway);
  const attempts = (await gateway.usageEvents()).length;
  const eventLog = openEventLog(bus);
  const store = createLedgerStore(bus);
  const kept = async (): Promise<RunningTally | undefined> =>
    (await readKeptTotals(store, EVERYTHING, 'provider'))?.total;
  await eventually(async () => (await kept())?.entries === attempts, 'counted');
  const total = await kept();
  assert.ok(total !== undefined);
  for (const [name, count] of Object.entries(total)) {
    const isRare = /estimated|unpriced|reasoning|webSearch/i.test(name);
    assert.ok(isRare || count > 0, `the traffic has ${name}`);
  }
  assert.ok(attempts > REQUESTS, 'one fell over');
  const running = stack.move();
  return {
    total,
    async exportTo(variant) {
      const folder = mkdtempSync(path.join(tmpdir(), 'gateway-export-'));
      running.defer(() => rmSync(folder, { recursive: true, force: true }));
      const target = openClaudeFolder(folder);
      const lines = new ClaudeLines(variant);
      const write: Parameters<typeof exportEntries>[1]['write'] = (entries) =>
        target.write(entries.map((entry) => lines.lineOf(entry)).filter((line) => line !== null));
      const source = { eventLog, store, log, priceOf };
      await exportEntries(source, { range: EVERYTHING, follow: null, write });
      return folder;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function assertUsd(actual: number, expected: bigint, driftMax = USD_DRIFT_MAX): void {
  const usd = Number(expected) / Number(PICODOLLARS_PER_USD);
  assert.ok(Math.abs(actual - usd) <= driftMax, `${actual} is not ${usd}`);
}

function assertTokens(read: CcusageTotals, total: RunningTally): void {
  const { inputTokens, outputTokens, cacheReadInputTokens } = total;
  const written = total.cacheCreation5mInputTokens + total.cacheCreation1hInputTokens;
  assert.deepEqual(
    [read.inputTokens, read.outputTokens, read.cacheReadTokens, read.cacheCreationTokens],
    [inputTokens, outputTokens, cacheReadInputTokens, written],
  );
  const all = inputTokens + outputTokens + cacheReadInputTokens + written;
  assert.equal(read.totalTokens, all);
}

describe('exports', { concurrency: false }, () => {
  let bed: Bed;
  before(async () => {
    bed = await startBed();
  });
  after(() => bed[Symbol.asyncDispose]());

  for (const reader of CCUSAGE_VERSIONS) {
    test(`ccusage ${reader.version} shows the ledger's totals`, async () => {
      const { totals, daily } = await readWithCcusage(reader, await bed.exportTo('tokens'));
      assertUsd(totals.totalCost, bed.total.picodollars);
      assertTokens(totals, bed.total);
      const byDay = daily.reduce((sum, { totalCost }) => sum + totalCost, 0);
      assertUsd(byDay, bed.total.picodollars);
    });

    test(`ccusage ${reader.version} shows the right money in the cost-equivalent variant`, async () => {
      const { totals } = await readWithCcusage(reader, await bed.exportTo('cost-equivalent'));
      assertUsd(totals.totalCost, bed.total.picodollars);
    });
  }

  test('claude-code-costs comes to the right money by the cost-equivalent variant', async () => {
    const folder = await bed.exportTo('cost-equivalent');
    assertUsd(totalOfClaudeCodeCosts(folder), bed.total.picodollars, SONNET_4_TOKEN_USD);
  });
});
