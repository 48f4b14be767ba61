import { LIMITS } from '../config/limits.ts';
import { attemptMark, type Spending, type SpendingReport } from '../schemas/budget.ts';
import { KEY_OF_NONE, type PeriodKind } from '../schemas/ledger.ts';
import { writePicodollars } from '../schemas/money.ts';
import type { LedgerState } from './state/ledger-state.ts';
import { endOf, periodAt } from './state/periods.ts';
import type { RunningTally } from './state/tally.ts';

/**
 * What was spent in the periods of `nowMs` and what is set aside. All that was stored by `heardMs` is known to be in the state,
 * at least up to its last event. Unix milliseconds. Pure.
 */
export function spendingReport(
  state: LedgerState,
  { nowMs, heardMs = 0 }: { readonly nowMs: number; readonly heardMs?: number },
): SpendingReport {
  return {
    v: 1,
    atMs: nowMs,
    heardMs: Math.max(heardMs, state.storedAtMs),
    stream: state.streamCreated,
    sequence: state.sequence,
    hour: spentIn(state, 'hour', nowMs),
    day: spentIn(state, 'day', nowMs),
    month: spentIn(state, 'month', nowMs),
    ...openAttempts(state),
  };
}

function spentIn(state: LedgerState, kind: PeriodKind, nowMs: number): SpendingReport['hour'] {
  const period = periodAt(nowMs, kind);
  const totals = state.periods.get(period);
  return {
    period,
    endsAtMs: endOf(period),
    picodollars: writePicodollars(totals?.total.picodollars ?? 0n),
    provider: amounts(totals?.by.provider),
    clientKey: amounts(totals?.by.clientKey),
  };
}

function amounts(tallies: ReadonlyMap<string, RunningTally> = new Map()): Record<string, string> {
  return Object.fromEntries(
    Array.from(tallies, ([key, { picodollars }]) => [key, writePicodollars(picodollars)]),
  );
}

function openAttempts(state: LedgerState): Pick<SpendingReport, 'reserved' | 'open'> {
  const provider = new Map<string, bigint>();
  const clientKey = new Map<string, bigint>();
  const open: string[] = [];
  let sum = 0n;
  for (const each of state.reservations.values()) {
    const picodollars = BigInt(each.picodollarsMax);
    const key = each.clientKeyId ?? KEY_OF_NONE;
    sum += picodollars;
    provider.set(each.provider, (provider.get(each.provider) ?? 0n) + picodollars);
    clientKey.set(key, (clientKey.get(key) ?? 0n) + picodollars);
    open.push(attemptMark(each.requestId, each.attempt));
  }
  const reserved: Spending = {
    picodollars: writePicodollars(sum),
    provider: written(provider),
    clientKey: written(clientKey),
  };
  // The newest: those that an ingress may still count by itself.
  return { reserved, open: open.slice(-LIMITS.spendingOpenMax) };
}

function written(sums: ReadonlyMap<string, bigint>): Record<string, string> {
  return Object.fromEntries(Array.from(sums, ([key, sum]) => [key, writePicodollars(sum)]));
}
