import { formatUsd, type Picodollars, writePicodollars } from '../../schemas/money.ts';
import { type RunningTally, writeTally } from '../state/tally.ts';
import type { CostReport } from './cost-report.ts';
import type { Place } from './priced-tokens.ts';

/**
 * A report as JSON. Every amount is `{usd: number, picodollars: string}`: the first to read, the second exact. Top level:
 *
 * - `v` 1, `since` and `until` (RFC 3339; `until` null = up to now), `timezone`, `by`
 * - `total`: `usd` and a tally (`tallySchema` of `schemas/ledger.ts`); `rows`: the same, each with its `key`
 * - `comparison`: `{provider, paid, wouldHaveCost, models: [{from, to, paid, wouldHaveCost, isOtherModel, isGuess}]}`
 * - `caching`: `{saved, readsSaved, writesCost}`; `fallback`: fields of `FallbackCosts`, or null
 * - `suggestions`: `{text, arithmetic, saves}`
 * - `transcripts`: null, or `{throughGateway, outside, outsideByModel, total}`; `throughGateway` counts messages
 * - `notes`: sentences
 */
export function reportJson(report: CostReport): Readonly<Record<string, unknown>> {
  const { range, by, total, rows, comparison, caching, fallback, suggestions, notes } = report;
  return {
    v: 1,
    since: new Date(range.sinceMs).toISOString(),
    until: Number.isFinite(range.untilMs) ? new Date(range.untilMs).toISOString() : null,
    timezone: range.timeZone,
    by,
    total: tallyJson(total),
    rows: rows.map(([key, tally]) => ({ key, ...tallyJson(tally) })),
    comparison: comparison.map(({ provider, paid, picodollars, models }) => ({
      provider,
      paid: amount(paid),
      wouldHaveCost: amount(picodollars),
      models: models.map(({ from, to, isOtherModel, isGuess, ...money }) => ({
        from: placeName(from),
        to: placeName(to),
        paid: amount(money.paid),
        wouldHaveCost: amount(money.picodollars),
        isOtherModel,
        isGuess,
      })),
    })),
    caching: amounts(caching),
    fallback: fallback === null ? null : amounts(fallback),
    suggestions: suggestions.map(({ text, arithmetic, saves }) => ({
      text,
      arithmetic,
      saves: amount(saves),
    })),
    transcripts: transcriptsJson(report),
    notes,
  };
}

function transcriptsJson({ transcripts, total }: CostReport): unknown {
  if (transcripts === null) return null;
  const { throughGateway, outside, outsideByModel } = transcripts;
  return {
    throughGateway,
    outside: tallyJson(outside),
    outsideByModel: Array.from(outsideByModel, ([key, tally]) => ({ key, ...tallyJson(tally) })),
    total: amount(total.picodollars + outside.picodollars),
  };
}

function tallyJson(tally: RunningTally) {
  return { usd: usd(tally.picodollars), ...writeTally(tally) };
}

function amounts(values: Readonly<Record<string, number | Picodollars>> | object) {
  const entries = Object.entries(values).map(([name, value]) => [
    name.replace(/Picodollars$/, ''),
    typeof value === 'bigint' ? amount(value) : value,
  ]);
  return Object.fromEntries(entries) as Readonly<Record<string, unknown>>;
}

function amount(picodollars: Picodollars) {
  return { usd: usd(picodollars), picodollars: writePicodollars(picodollars) };
}

function usd(picodollars: Picodollars): number {
  return Number(formatUsd(picodollars));
}

function placeName({ provider, upstreamModel }: Place): string {
  return `${provider}/${upstreamModel}`;
}
