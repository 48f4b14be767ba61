import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { readSnapshot } from '../../ledger/saved-state.ts';
import type { LedgerState } from '../../ledger/state/ledger-state.ts';
import { periodAt } from '../../ledger/state/periods.ts';
import { totalsOf } from '../../ledger/state/selectors.ts';
import { usageEvent, used, writeEvents } from '../ledger/support/events.ts';
import { startTestBus, type TestBus } from '../ledger/support/gateway-bus.ts';
import { eventually } from '../support/latch.ts';

const LEDGER = path.join(import.meta.dirname, '../ledger/support/ledger-process.ts');

/** Usage events of attempts that end now, numbered from `first`. */
function entries(first: number, count: number) {
  const startedAtMs = Date.now() - 1_000;
  return Array.from({ length: count }, (_, index) =>
    used(usageEvent(`r${first + index}`, { startedAtMs, sessionId: `s${index % 7}` })),
  );
}

function thisMonth(state: LedgerState) {
  return totalsOf(state, 'all', periodAt(Date.now(), 'month'));
}

/** Sums of all months that a snapshot holds: a test may run at midnight. */
async function keptEntries({ store }: TestBus): Promise<number> {
  const snapshot = await readSnapshot(store);
  const months = snapshot?.periods.filter(([period]) => period.length === 7) ?? [];
  return months.reduce((sum, [, [[, , entries = 0]]]) => sum + entries, 0);
}

async function startLedgerProcess({ nats, dataDir }: TestBus): Promise<ChildProcess> {
  const child = spawn(process.execPath, [LEDGER, nats.url, nats.user, nats.password, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout ?? assert.fail('no output'), 'data');
  return child;
}

test('killed at random points, and with two of them, it counts everything once', async (context) => {
  await using bed = await startTestBus();
  let written = 0;
  let kills = 0;
  for (let round = 0; round < 6; round += 1) {
    const children = await Promise.all([startLedgerProcess(bed), startLedgerProcess(bed)]);
    const target = written + 3_000;
    const killAt = written + Math.floor(Math.random() * 2_500);
    const writing = writeEvents(bed.bus, entries(written, 3_000));
    await eventually(
      async () => (await bed.keptThrough()) >= Math.min(killAt, target),
      'some kept',
    );
    for (const child of children) {
      child.kill('SIGKILL');
      await once(child, 'exit');
      kills += 1;
    }
    await writing;
    written = target;
  }
  await using ledger = await bed.startLedger();
  await ledger.caughtUp;
  await eventually(async () => (await bed.keptThrough()) === ledger.state.sequence, 'kept');
  assert.deepEqual([thisMonth(ledger.state).entries, await keptEntries(bed)], [written, written]);
  assert.equal(thisMonth(ledger.state).picodollars, BigInt(written) * 1_234n);
  assert.deepEqual(await bed.findings(), []);
  context.diagnostic(`${kills} kills, ${written} entries`);
});
