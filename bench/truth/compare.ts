import type { Picodollars } from '../../schemas/money.ts';
import type { UsageEvent } from '../../schemas/usage.ts';
import { type Amounts, addTo, type EstimateSum, NO_ENTRIES, tokensOf } from './estimate-sums.ts';

/** A call that a provider would bill, or refused, and what is owed for it. */
export interface TrueCall extends Amounts {
  readonly session: string;
  readonly provider: string;
  readonly startedAtMs: number;
  /** By the price list, where the provider takes prices of its own: what its estimate is compared with. */
  readonly listedPicodollars: Picodollars;
  /** The prompt was taken: something is owed, however little. */
  readonly isBilled: boolean;
  /** What was played to it; null = nothing. */
  readonly fault: string | null;
  /** How it went, for people. */
  readonly story: string;
}

/** What was found. */
export interface Comparison {
  /** Exact entries that were compared with their calls, and what both sum up to. */
  readonly exact: EstimateSum;
  /** Estimated entries, by how their attempts ended and why. */
  readonly estimated: ReadonlyMap<string, EstimateSum>;
  /** Those of prompts of which a part was cached. */
  readonly estimatedCached: ReadonlyMap<string, EstimateSum>;
  /** Both, by provider. */
  readonly estimatedByProvider: ReadonlyMap<string, EstimateSum>;
  /** Entries of attempts that cost nothing. */
  readonly free: number;
  /** What is wrong, a sentence each. */
  readonly findings: readonly string[];
}

/**
 * Ties every entry to the call that it tells of, within a conversation and a provider, by when both were, and says what does not
 * fit: an exact entry of another amount, an exact one without a call, and a call without an entry. Pure.
 */
export function compare(calls: readonly TrueCall[], entries: readonly UsageEvent[]): Comparison {
  const exact = new Map<string, EstimateSum>();
  const estimated = new Map<string, EstimateSum>();
  const estimatedCached = new Map<string, EstimateSum>();
  const estimatedByProvider = new Map<string, EstimateSum>();
  const findings: string[] = [];
  let free = 0;
  const billed = Map.groupBy(
    calls.filter(({ isBilled }) => isBilled),
    ({ session, provider }) => `${session} ${provider}`,
  );
  const told = Map.groupBy(entries, ({ sessionId, provider }) => `${sessionId} ${provider}`);
  for (const key of new Set([...billed.keys(), ...told.keys()])) {
    const open = (billed.get(key) ?? []).toSorted((a, b) => a.startedAtMs - b.startedAtMs);
    const ends = (told.get(key) ?? []).toSorted((a, b) => a.startedAtMs - b.startedAtMs);
    for (const end of ends.filter(({ estimated: isEstimated }) => !isEstimated)) {
      const entered = amountOf(end);
      if (entered === 0n) {
        free += 1;
        continue;
      }
      // An exact entry's own call is one of the same amount, if there is any.
      const call =
        takeNearest(open, end, (one) => isOf(one, end) && one.picodollars === entered) ??
        takeNearest(open, end, (one) => isOf(one, end));
      if (call === null) findings.push(`${nameOf(end)} costs ${entered}, and nobody was called`);
      else {
        addTo(exact, EXACT, { entered: amountsOf(end), owed: call });
        if (call.picodollars !== entered) {
          findings.push(`${nameOf(end)} is entered as ${entered}, and ${call.picodollars} is owed`);
        }
      }
    }
    const guessed = ends.filter(({ estimated: isEstimated }) => isEstimated);
    for (const call of open) {
      const end = takeNearest(guessed, call, (one) => isOf(call, one));
      if (end === null) {
        const others = ends.map((one) => `${nameOf(one)} ${amountOf(one)}`);
        const { picodollars, story } = call;
        findings.push(
          `${key}: ${picodollars} is owed (${story}) and entered nowhere; ${others.join(', ')}`,
        );
      } else {
        const isCached = call.cachedTokens > 0;
        const entry = { entered: amountsOf(end), owed: estimateOf(call, end) };
        addTo(isCached ? estimatedCached : estimated, kindOf(end, call), entry);
        const provider = `${call.provider}, ${isCached ? 'cached' : 'not cached'}`;
        addTo(estimatedByProvider, provider, entry);
      }
    }
    for (const end of guessed) {
      addTo(estimated, kindOf(end, null), { entered: amountsOf(end), owed: NO_ENTRIES.owed });
    }
  }
  return {
    exact: exact.get(EXACT) ?? NO_ENTRIES,
    estimated,
    estimatedCached,
    estimatedByProvider,
    free,
    findings,
  };
}

const EXACT = 'exact';

/** A call may be seen by the provider's clock a little before the attempt, and its end before it came. */
const EARLY_MS = 50;
const LATE_MS = 2_000;

function isOf({ startedAtMs }: TrueCall, end: UsageEvent): boolean {
  const fromMs = end.startedAtMs - EARLY_MS;
  return startedAtMs >= fromMs && startedAtMs <= end.startedAtMs + end.durationMs + LATE_MS;
}

// How its attempt ended, and what had been played to it.
function kindOf({ outcome, errorType }: UsageEvent, call: TrueCall | null): string {
  const end = outcome === 'lost' ? `${outcome} (${errorType})` : outcome;
  return `${end}, ${call === null ? 'no call' : (call.fault ?? 'no fault')}`;
}

function takeNearest<Item extends { readonly startedAtMs: number }>(
  items: Item[],
  to: { readonly startedAtMs: number },
  fits: (item: Item) => boolean,
): Item | null {
  const distance = (item: Item): number => Math.abs(item.startedAtMs - to.startedAtMs);
  const nearest = items.filter(fits).sort((a, b) => distance(a) - distance(b))[0];
  if (nearest === undefined) return null;
  items.splice(items.indexOf(nearest), 1);
  return nearest;
}

function amountsOf(end: UsageEvent): Amounts {
  return { picodollars: amountOf(end), ...tokensOf(end.usage) };
}

// What a perfect estimate would say; of an entry that has the provider's own bill, that one.
function estimateOf(call: TrueCall, { cost }: UsageEvent): Amounts {
  return cost?.source === 'provider' ? call : { ...call, picodollars: call.listedPicodollars };
}

function amountOf({ cost }: UsageEvent): Picodollars {
  return BigInt(cost?.picodollars ?? 0);
}

function nameOf({ requestId, attempt, provider, outcome, sessionId }: UsageEvent): string {
  return `${sessionId} at ${provider} (${requestId}.${attempt}, ${outcome})`;
}
