import type { Picodollars } from '../../schemas/money.ts';
import type { Usage } from '../../schemas/usage.ts';

/** What one entry says, or what was really owed: money, tokens of the prompt, and those of them that a cache had. */
export interface Amounts {
  readonly picodollars: Picodollars;
  readonly promptTokens: number;
  readonly cachedTokens: number;
}

/** Entries of one kind against what was really owed for them. */
export interface EstimateSum {
  readonly entries: number;
  readonly entered: Amounts;
  readonly owed: Amounts;
}

/** No entries. */
export const NO_ENTRIES: EstimateSum = {
  entries: 0,
  entered: { picodollars: 0n, promptTokens: 0, cachedTokens: 0 },
  owed: { picodollars: 0n, promptTokens: 0, cachedTokens: 0 },
};

/** Adds sums up. */
export function totalOf(sums: Iterable<EstimateSum>): EstimateSum {
  let total = NO_ENTRIES;
  for (const { entries, entered, owed } of sums) {
    total = {
      entries: total.entries + entries,
      entered: plus(total.entered, entered),
      owed: plus(total.owed, owed),
    };
  }
  return total;
}

/** Adds one entry to those of its kind. */
export function addTo(
  sums: Map<string, EstimateSum>,
  kind: string,
  entry: Pick<EstimateSum, 'entered' | 'owed'>,
): void {
  sums.set(kind, totalOf([sums.get(kind) ?? NO_ENTRIES, { entries: 1, ...entry }]));
}

/** How far what was entered is off what was owed, in percent. */
export function percentOff({ entered, owed }: EstimateSum): number {
  if (entered.picodollars === owed.picodollars) return 0;
  if (owed.picodollars === 0n) return Number.POSITIVE_INFINITY;
  return (Number(entered.picodollars) / Number(owed.picodollars) - 1) * 100;
}

/** The tokens of an entry. */
export function tokensOf(usage: Usage): Pick<Amounts, 'promptTokens' | 'cachedTokens'> {
  const { inputTokens, cacheReadInputTokens: cachedTokens } = usage;
  const { cacheCreation5mInputTokens, cacheCreation1hInputTokens } = usage;
  const writtenTokens = cacheCreation5mInputTokens + cacheCreation1hInputTokens;
  return { promptTokens: inputTokens + cachedTokens + writtenTokens, cachedTokens };
}

function plus(one: Amounts, other: Amounts): Amounts {
  return {
    picodollars: one.picodollars + other.picodollars,
    promptTokens: one.promptTokens + other.promptTokens,
    cachedTokens: one.cachedTokens + other.cachedTokens,
  };
}
