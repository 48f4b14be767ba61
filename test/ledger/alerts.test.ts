import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { packed } from '../../bus/ledger-store.ts';
import { watchSpending } from '../../bus/spending-watch.ts';
import { LIMITS } from '../../config/limits.ts';
import type { AlertRule, AlertSettings } from '../../config/load-alerts.ts';
import { startAlerts } from '../../ledger/alerts.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { periodAt } from '../../ledger/state/periods.ts';
import { type Alert, alertSchema } from '../../schemas/alert.ts';
import { LEDGER_DIMENSIONS } from '../../schemas/ledger.ts';
import { PICODOLLARS_PER_USD as USD } from '../../schemas/money.ts';
import { STREAMS, subjects } from '../../schemas/subjects.ts';
import { NO_USAGE, type UsageEvent } from '../../schemas/usage.ts';
import { eventually, within } from '../support/latch.ts';
import { usageEvent, used, writeEvents } from './support/events.ts';
import { startTestBus, type TestBus } from './support/gateway-bus.ts';
import { log } from './support/rig.ts';

const DAY_MS = 86_400_000;

function rule(changes: Partial<AlertRule> = {}): AlertRule {
  const plain = { scope: 'global', name: null, period: 'month', picodollars: 10n * USD } as const;
  return { ...plain, steps: [50, 80, 100], ...changes };
}

function settings(rules: readonly AlertRule[], changes: Partial<AlertSettings> = {}) {
  return { rules, dailyPicodollars: null, webhook: null, ...changes };
}

let entries = 0;

function spend({ bus }: TestBus, usd: number, changes: Partial<UsageEvent> = {}): Promise<void> {
  entries += 1;
  const picodollars = String(BigInt(usd * 100) * (USD / 100n));
  const cost = { picodollars, priceVersion: '0', source: 'overlay' } as const;
  const startedAtMs = Date.now() - 1_000;
  return writeEvents(bus, [used(usageEvent(`r${entries}`, { startedAtMs, cost, ...changes }))]);
}

/** Alerts as a subscriber hears them. */
function listen({ bus }: TestBus) {
  const heard: { readonly subject: string; readonly alert: Alert }[] = [];
  const subscription = bus.subscribe('gw.v1.alert.>', ({ subject, data }) => {
    heard.push({ subject, alert: alertSchema.parse(JSON.parse(Buffer.from(data).toString())) });
  });
  return {
    heard,
    told: () => heard.map(({ subject, alert }) => `${subject} ${alert.name} ${alert.step}`),
    [Symbol.dispose]: () => subscription.unsubscribe(),
  };
}

async function activeLedger(bed: TestBus): Promise<Ledger> {
  const ledger = await bed.startLedger();
  await eventually(() => ledger.isActive && ledger.isCaughtUp, 'active');
  return ledger;
}

/** Alert events in the stream. */
async function storedAlerts({ bus, events }: TestBus): Promise<number> {
  await events.flush(5_000);
  const manager = await jetstreamManager(bus.connection);
  const { state } = await manager.streams.info(STREAMS.events, {
    subjects_filter: subjects.alertEvent(),
  });
  return state.subjects?.[subjects.alertEvent()] ?? 0;
}

test('an alert reaches a subscriber within a second of the entry that crossed the line', async () => {
  await using bed = await startTestBus();
  await using ledger = await activeLedger(bed);
  const { events } = bed;
  await using _alerts = startAlerts(bed.bus, { ledger, settings: settings([rule()]), events, log });
  const { promise: heard, resolve } = Promise.withResolvers<Alert>();
  bed.bus.subscribe(subjects.alert('global', 'month'), ({ data }) => {
    resolve(alertSchema.parse(JSON.parse(Buffer.from(data).toString())));
  });
  await spend(bed, 4.99);
  await eventually(() => ledger.state.sequence === 1, 'counted');
  await spend(bed, 0.02);
  const alert = await within(heard, 'the alert', 1_000);
  assert.deepEqual([alert.step, alert.spentUsd, alert.thresholdUsd], [50, 5.01, 10]);
  assert.equal(alert.period, 'month');
});

test('each step fires once, whatever follows, also over a restart of the ledger', async () => {
  await using bed = await startTestBus();
  using listener = listen(bed);
  const { events } = bed;
  const all = settings([
    rule(),
    rule({ scope: 'provider', name: 'open*', steps: [100], picodollars: USD }),
    rule({ scope: 'session', steps: [100], picodollars: 3n * USD }),
  ]);
  {
    await using ledger = await activeLedger(bed);
    await using _alerts = startAlerts(bed.bus, { ledger, settings: all, events, log });
    await spend(bed, 5);
    await spend(bed, 0.5);
    await spend(bed, 1, { provider: 'openrouter', sessionId: 'other' });
    await eventually(() => ledger.state.marks.size === 3, 'marks');
    await eventually(async () => (await bed.keptThrough()) === ledger.state.sequence, 'kept');
  }
  const first = [
    'gw.v1.alert.global.month null 50',
    'gw.v1.alert.session.month session-1 100',
    'gw.v1.alert.provider.month openrouter 100',
  ];
  // Lines crossed at about the same time are told in any order.
  assert.deepEqual(listener.told().toSorted(), first.toSorted());
  await using again = await activeLedger(bed);
  await using _alerts = startAlerts(bed.bus, { ledger: again, settings: all, events, log });
  await spend(bed, 2);
  await eventually(() => again.state.marks.size === 4, 'the next step');
  await spend(bed, 20);
  await eventually(() => again.state.marks.size === 5, 'the last step');
  await spend(bed, 20);
  await eventually(() => again.state.sequence === 11, 'all events');
  await bed.bus.connection.flush();
  assert.deepEqual(listener.told().slice(first.length), [
    'gw.v1.alert.global.month null 80',
    'gw.v1.alert.global.month null 100',
  ]);
  assert.equal(await storedAlerts(bed), 5);
});

test('of two ledgers one tells, and who takes over knows what was told', async () => {
  await using bed = await startTestBus();
  using listener = listen(bed);
  const { events } = bed;
  const told = settings([rule()]);
  const first = await activeLedger(bed);
  const firstAlerts = startAlerts(bed.bus, { ledger: first, settings: told, events, log });
  await using second = await bed.startLedger();
  await using _alerts = startAlerts(bed.bus, { ledger: second, settings: told, events, log });
  await spend(bed, 8);
  await eventually(() => second.state.marks.size === 2, 'both know the marks');
  await firstAlerts[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  await eventually(() => second.isActive, 'takes over');
  await spend(bed, 2);
  await eventually(() => second.state.marks.size === 3, 'the last step');
  assert.deepEqual(
    listener.heard.map(({ alert }) => alert.step),
    [50, 80, 100],
  );
});

test('ingresses see the last alerts, newest first, also those of an earlier ledger', async () => {
  await using bed = await startTestBus();
  const { events } = bed;
  const steps = Array.from({ length: 15 }, (_, index) => index + 1);
  await using watch = watchSpending(bed.bus, { log });
  for (const [round, expected] of [
    [0, 15],
    [1, LIMITS.alertsRecentMax],
  ] as const) {
    const all = settings([rule({ steps: steps.map((step) => step + round * 15) })]);
    await using ledger = await activeLedger(bed);
    await using _alerts = startAlerts(bed.bus, { ledger, settings: all, events, log });
    await spend(bed, 1.5);
    await eventually(() => watch.alerts().length === expected, `${expected} alerts`);
    await eventually(() => ledger.state.marks.size === 15 * (round + 1), 'marks');
    assert.equal(watch.alerts()[0]?.step, 15 * (round + 1));
  }
  assert.equal(watch.alerts().at(-1)?.step, 11);
});

/** Totals of 10 cents, as a ledger writes them. */
const RECORDED = {
  v: 1,
  closedAt: { sequence: 0, chain: '0'.repeat(64) },
  total: {
    picodollars: String(USD / 10n),
    estimatedPicodollars: '0',
    entries: 1,
    estimatedEntries: 0,
    failedEntries: 0,
    unpricedEntries: 0,
    usage: NO_USAGE,
  },
  by: Object.fromEntries(LEDGER_DIMENSIONS.map((dimension) => [dimension, {}])),
};

test('a forecast beyond the day’s line, and an hour far above the usual, are told', async () => {
  await using bed = await startTestBus();
  using listener = listen(bed);
  const { events, store } = bed;
  const nowMs = Date.now();
  // Four days in which this hour cost 10 cents.
  for (let back = 1; back <= 4; back += 1) {
    const atMs = nowMs - back * DAY_MS;
    for (const kind of ['hour', 'day'] as const) {
      const period = periodAt(atMs, kind);
      const value = { ...RECORDED, period };
      await store.put(`${kind}.${period}`, packed(JSON.stringify(value)), 0);
    }
  }
  await using ledger = await activeLedger(bed);
  const dailyPicodollars = 20n * USD;
  const all = settings([], { dailyPicodollars });
  await using _alerts = startAlerts(bed.bus, { ledger, settings: all, events, log });
  await spend(bed, 19);
  await eventually(() => listener.heard.some(({ alert }) => alert.kind === 'rise'), 'the rise');
  const rise = listener.heard.find(({ alert }) => alert.kind === 'rise');
  assert.equal(rise?.subject, 'gw.v1.alert.global.hour');
  assert.equal(rise?.alert.thresholdUsd, 1);
  // In the last minutes of a day hardly anything is left to come.
  const leftMs = DAY_MS - (nowMs % DAY_MS);
  if (leftMs > DAY_MS / 4) {
    const forecast = listener.heard.find(({ alert }) => alert.kind === 'forecast');
    assert.equal(forecast?.subject, 'gw.v1.alert.global.day');
    assert.ok((forecast?.alert.forecastUsd ?? 0) > 20);
  }
});

test('the README’s listener hears an alert', async () => {
  const project = path.dirname(path.dirname(import.meta.dirname));
  const readme = readFileSync(path.join(project, 'README.md'), 'utf8');
  const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  assert.ok(code.trim().split('\n').length <= 12, code);
  await using bed = await startTestBus();
  const { url, user, password } = bed.nats;
  const server = new URL(url);
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', code], {
    cwd: project,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], NATS_URL: `nats://${user}:${password}@${server.host}` },
  });
  try {
    const { promise: printed, resolve } = Promise.withResolvers<string>();
    child.stdout.setEncoding('utf8').once('data', resolve);
    await using ledger = await activeLedger(bed);
    const { events } = bed;
    const line = rule({ scope: 'session', steps: [100], picodollars: USD });
    await using _alerts = startAlerts(bed.bus, { ledger, settings: settings([line]), events, log });
    let isPrinted = false;
    void printed.then(() => {
      isPrinted = true;
    });
    // It may subscribe after the first alert: each session has a line for itself.
    await eventually(async () => {
      await spend(bed, 1, { sessionId: `s${entries}` });
      return isPrinted;
    }, 'a line');
    assert.match(
      await printed,
      /^gw\.v1\.alert\.session\.month 1 "100 % of 1\.00 USD reached this month by session s\d+: 1\.00 USD"\n/,
    );
  } finally {
    child.kill();
  }
});
