import { z } from 'zod';
import { ALERT_SCOPES, type AlertScope } from '../schemas/alert.ts';
import { PERIOD_KINDS, type PeriodKind } from '../schemas/ledger.ts';
import { type Picodollars, parseUsd } from '../schemas/money.ts';
import { entryPlace, readListFile } from './list-file.ts';
import type { Reader } from './reader.ts';
import { scopeNameSchema, unknownProviders } from './scope-names.ts';
import { usdAmountSchema, usdVariable } from './usd-amount.ts';

/** A line of spending whose crossing is told. */
export interface AlertRule {
  readonly scope: AlertScope;
  /** Which providers, client keys (by id) or sessions, each for itself: a pattern with `*` and `?`. Null = every one. */
  readonly name: string | null;
  readonly period: PeriodKind;
  readonly picodollars: Picodollars;
  /** Per cent of it that are told, ascending. */
  readonly steps: readonly number[];
}

/** Where alerts are posted. */
export interface WebhookSettings {
  readonly url: string;
  /** Signs the posts; null = they are not signed. */
  readonly secret: string | null;
}

/** What the operator's configuration says about alerts. Plain data. */
export interface AlertSettings {
  readonly rules: readonly AlertRule[];
  /** What a day may cost before its forecast is told; null = it is not. */
  readonly dailyPicodollars: Picodollars | null;
  readonly webhook: WebhookSettings | null;
}

const FILE_VARIABLE = 'ALERTS_FILE';
const RULES_MAX = 200;
const STEPS_MAX = 20;
const STEP_MAX = 1_000;
const STEPS = [50, 80, 100] as const;
const HOURLY_USD = '10';
const DAILY_USD = '50';

const ruleSchema = z
  .strictObject({
    scope: z.enum(ALERT_SCOPES),
    name: scopeNameSchema.optional(),
    period: z.enum(PERIOD_KINDS),
    usd: usdAmountSchema,
    steps: z.array(z.number().int().min(1).max(STEP_MAX)).min(1).max(STEPS_MAX).optional(),
  })
  .refine(({ scope, name }) => scope !== 'global' || name === undefined, {
    error: 'scope global has no name',
  });
const fileSchema = z.array(ruleSchema).max(RULES_MAX);

/**
 * Reads HOURLY_COST_ALERT_THRESHOLD, DAILY_COST_ALERT_THRESHOLD, ALERTS_FILE (a JSON list of lines) and ALERT_WEBHOOK_URL
 * with ALERT_WEBHOOK_SECRET. Problems go to the reader, one line each.
 */
export function loadAlerts(reader: Reader, providers: readonly string[]): AlertSettings {
  const hourly = usdVariable(reader, 'HOURLY_COST_ALERT_THRESHOLD', parseUsd(HOURLY_USD));
  const daily = usdVariable(reader, 'DAILY_COST_ALERT_THRESHOLD', parseUsd(DAILY_USD));
  return {
    rules: [...globalRule('hour', hourly), ...globalRule('day', daily), ...load(reader, providers)],
    dailyPicodollars: daily,
    webhook: loadWebhook(reader),
  };
}

function globalRule(period: PeriodKind, picodollars: Picodollars | null): readonly AlertRule[] {
  return picodollars === null
    ? []
    : [{ scope: 'global', name: null, period, picodollars, steps: STEPS }];
}

function load(reader: Reader, providers: readonly string[]): readonly AlertRule[] {
  const entries = readListFile(reader, FILE_VARIABLE, fileSchema);
  for (const { index, problem } of unknownProviders(entries, providers)) {
    reader.problems.push(`${FILE_VARIABLE}: ${entryPlace([index, 'name'])}: ${problem}`);
  }
  return entries.map(({ scope, name, period, usd, steps = STEPS }) => {
    const ascending = [...new Set(steps)].sort((one, other) => one - other);
    return { scope, name: name ?? null, period, picodollars: usd, steps: ascending };
  });
}

function loadWebhook(reader: Reader): WebhookSettings | null {
  const url = reader.secret('ALERT_WEBHOOK_URL');
  const secret = reader.secret('ALERT_WEBHOOK_SECRET');
  if (url === null) {
    if (secret !== null) {
      reader.problems.push('ALERT_WEBHOOK_SECRET is set, but not ALERT_WEBHOOK_URL');
    }
    return null;
  }
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed !== null && ['http:', 'https:'].includes(parsed.protocol) && parsed.username === '') {
    return { url, secret };
  }
  // It may hold a secret itself and is not repeated.
  reader.problems.push('ALERT_WEBHOOK_URL must be an address like https://host/path');
  return null;
}
