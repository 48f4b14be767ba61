import { matchesGlob } from '../config/glob.ts';
import { LIMITS } from '../config/limits.ts';
import type { AlertRule } from '../config/load-alerts.ts';
import type { AlertScope } from '../schemas/alert.ts';
import {
  KEY_OF_NONE,
  KEY_OF_OTHERS,
  type LedgerDimension,
  type PeriodKind,
} from '../schemas/ledger.ts';
import type { Picodollars } from '../schemas/money.ts';
import type { Crossing } from './alert-text.ts';
import type { LedgerState } from './state/ledger-state.ts';
import { periodAt, startOf } from './state/periods.ts';

const DIMENSIONS: Readonly<Record<Exclude<AlertScope, 'global'>, LedgerDimension>> = {
  provider: 'provider',
  key: 'clientKey',
  session: 'session',
};

/**
 * Every step of every rule that is reached now, in the periods of `nowMs` (Unix milliseconds) and in those that have just
 * ended, whether it was told or not. Pure.
 */
export function crossings(
  state: LedgerState,
  rules: readonly AlertRule[],
  nowMs: number,
): readonly Crossing[] {
  const found: Crossing[] = [];
  for (const rule of rules) {
    for (const periodName of periodsToLookAt(rule.period, nowMs)) {
      addCrossings(found, { rule, periodName, state });
    }
  }
  return found;
}

function periodsToLookAt(kind: PeriodKind, nowMs: number): readonly string[] {
  const current = periodAt(nowMs, kind);
  const startMs = startOf(current);
  return nowMs - startMs < LIMITS.alertLateMsMax
    ? [periodAt(startMs - 1, kind), current]
    : [current];
}

function addCrossings(
  found: Crossing[],
  of: { readonly rule: AlertRule; readonly periodName: string; readonly state: LedgerState },
): void {
  const { rule, periodName, state } = of;
  const totals = state.periods.get(periodName);
  if (totals === undefined) return;
  if (rule.scope === 'global') {
    addSteps(found, { rule, periodName, name: null, spent: totals.total.picodollars });
    return;
  }
  // Money first: most have spent too little for any line.
  const least = BigInt(rule.steps[0] ?? 0) * rule.picodollars;
  for (const [name, { picodollars: spent }] of totals.by[DIMENSIONS[rule.scope]]) {
    if (spent * 100n < least || !isNamed(name, rule)) continue;
    addSteps(found, { rule, periodName, name, spent });
  }
}

// What has no key or session, and what came after too many of them, is nobody's.
function isNamed(name: string, { scope, name: pattern }: AlertRule): boolean {
  if (name === KEY_OF_OTHERS || (name === KEY_OF_NONE && scope !== 'provider')) return false;
  return pattern === null || matchesGlob(pattern, name);
}

function addSteps(
  found: Crossing[],
  of: {
    readonly rule: AlertRule;
    readonly periodName: string;
    readonly name: string | null;
    readonly spent: Picodollars;
  },
): void {
  const { rule, spent, ...rest } = of;
  const { scope, period, picodollars: threshold, steps } = rule;
  for (const step of steps) {
    if (spent * 100n < BigInt(step) * threshold) return;
    found.push({
      kind: 'threshold',
      scope,
      period,
      step,
      threshold,
      spent,
      forecast: null,
      ...rest,
    });
  }
}
