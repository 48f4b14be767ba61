import type { Picodollars } from '../../schemas/money.ts';
import type { UsageEvent } from '../../schemas/usage.ts';

/** A call that a provider would bill, or refused. */
export interface TrueCall {
  readonly session: string;
  readonly provider: string;
  readonly startedAtMs: number;
  readonly picodollars: Picodollars;
  /** The prompt was taken: something is owed, however little. */
  readonly isBilled: boolean;
  /** What was played to it; null = nothing. */
  readonly fault: string | null;
  /** A part of its prompt was cached. */
  readonly isCached: boolean;
  /** How it went, for people. */
  readonly story: string;
}

/** Entries of one kind against what was really owed for them. */
export interface EstimateSum {
  entries: number;
  entered: Picodollars;
  owed: Picodollars;
}

/** What was found. */
export interface Comparison {
  /** Exact entries that were compared with their calls, and what both sum up to. */
  readonly exact: EstimateSum;
  /** Estimated entries, by how their attempts ended and why. */
  readonly estimated: ReadonlyMap<string, EstimateSum>;
  /** Those of prompts of which a part was cached: what was cached only a provider that answers can tell. */
  readonly estimatedCached: ReadonlyMap<string, EstimateSum>;
  /** Entries of attempts that cost nothing. */
  readonly free: number;
  /** What is wrong, a sentence each. */
  readonly findings: readonly string[];
}

/**
 * Ties every entry to the call that it tells of, within a session and a provider, and says what does not fit: an exact entry of
 * another amount, an exact one without a call, and a call without an entry. Pure.
 */
export function compare(calls: readonly TrueCall[], entries: readonly UsageEvent[]): Comparison {
  const exact: EstimateSum = { entries: 0, entered: 0n, owed: 0n };
  const estimated = new Map<string, EstimateSum>();
  const estimatedCached = new Map<string, EstimateSum>();
  const findings: string[] = [];
  let free = 0;
  const billed = Map.groupBy(
    calls.filter(({ isBilled }) => isBilled),
    ({ session, provider }) => `${session} ${provider}`,
  );
  const told = Map.groupBy(entries, ({ sessionId, provider }) => `${sessionId} ${provider}`);
  for (const key of new Set([...billed.keys(), ...told.keys()])) {
    const open = (billed.get(key) ?? []).toSorted((a, b) => a.startedAtMs - b.startedAtMs);
    const ends = (told.get(key) ?? []).toSorted((a, b) => a.attempt - b.attempt);
    for (const end of ends.filter(({ estimated: isEstimated }) => !isEstimated)) {
      const entered = amountOf(end);
      if (entered === 0n) {
        free += 1;
        continue;
      }
      const call = takeCall(open, entered);
      if (call === null) findings.push(`${nameOf(end)} costs ${entered}, and nobody was called`);
      else {
        add(exact, entered, call.picodollars);
        if (call.picodollars !== entered) {
          findings.push(`${nameOf(end)} is entered as ${entered}, and ${call.picodollars} is owed`);
        }
      }
    }
    for (const end of ends.filter(({ estimated: isEstimated }) => isEstimated)) {
      const call = open.shift();
      const sums = call?.isCached === true ? estimatedCached : estimated;
      add(sumOf(sums, kindOf(end, call)), amountOf(end), call?.picodollars ?? 0n);
    }
    for (const { picodollars, story } of open) {
      const others = ends.map((end) => `${nameOf(end)} ${amountOf(end)}`);
      findings.push(
        `${key}: ${picodollars} is owed (${story}) and entered nowhere; ${others.join(', ')}`,
      );
    }
  }
  return { exact, estimated, estimatedCached, free, findings };
}

// How its attempt ended, and what had been played to it.
function kindOf({ outcome, errorType }: UsageEvent, call: TrueCall | undefined): string {
  const end = outcome === 'lost' ? `${outcome} (${errorType})` : outcome;
  return `${end}, ${call === undefined ? 'no call' : (call.fault ?? 'no fault')}`;
}

/** Adds sums up. */
export function totalOf(sums: Iterable<EstimateSum>): EstimateSum {
  const total: EstimateSum = { entries: 0, entered: 0n, owed: 0n };
  for (const { entries, entered, owed } of sums) {
    total.entries += entries;
    total.entered += entered;
    total.owed += owed;
  }
  return total;
}

/** How far what was entered is off what was owed, in percent. */
export function percentOff({ entered, owed }: EstimateSum): number {
  if (entered === owed) return 0;
  return owed === 0n ? Number.POSITIVE_INFINITY : (Number(entered - owed) / Number(owed)) * 100;
}

// An exact entry's own call is one of the same amount, if there is any.
function takeCall(open: TrueCall[], entered: Picodollars): TrueCall | null {
  const same = open.findIndex(({ picodollars }) => picodollars === entered);
  return open.splice(Math.max(same, 0), 1)[0] ?? null;
}

function sumOf(sums: Map<string, EstimateSum>, kind: string): EstimateSum {
  const known = sums.get(kind);
  if (known !== undefined) return known;
  const sum = { entries: 0, entered: 0n, owed: 0n };
  sums.set(kind, sum);
  return sum;
}

function add(sum: EstimateSum, entered: Picodollars, owed: Picodollars): void {
  sum.entries += 1;
  sum.entered += entered;
  sum.owed += owed;
}

function amountOf({ cost }: UsageEvent): Picodollars {
  return BigInt(cost?.picodollars ?? 0);
}

function nameOf({ requestId, attempt, provider, outcome, sessionId }: UsageEvent): string {
  return `${sessionId} at ${provider} (${requestId}.${attempt}, ${outcome})`;
}
