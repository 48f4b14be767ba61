import { LIMITS } from '../../config/limits.ts';
import type { WindowReading } from '../../schemas/observation.ts';
import type { Amounts } from './window-amounts.ts';
import { periodOf } from './window-published.ts';
import type { WindowScope } from './window-scope.ts';

const MINUTE_MS = 60_000;
/** A request that takes this share of what was counted is large: its tokens were refused, not its number. */
const LARGE_SHARE_MIN = 0.25;
/** Fewer tell nothing: somebody else used the limit up, or it is one of another period. */
const TAUGHT_REQUESTS_MIN = 5;

/** What an upstream said when it refused for a rate limit. */
export interface Refusal {
  /** Milliseconds; null = it did not say. */
  readonly retryAfterMs: number | null;
  readonly readings: readonly WindowReading[];
  /** What the request would have taken. */
  readonly wanted: Amounts;
}

/**
 * Closes the windows that a refusal names, else all of the target's, for as long as it says, else until they reset, else
 * for a moment; and learns where nobody knows a limit.
 */
export function refuse(
  { ofTarget, ofAccount }: { ofTarget: WindowScope; ofAccount: WindowScope },
  refusal: Refusal,
  nowMs: number,
): void {
  for (const window of ofTarget.windows) window.refused(nowMs);
  // Those that were under way when the first one was refused teach nothing new.
  if (!ofTarget.isClosed(nowMs) && !ofAccount.isClosed(nowMs)) {
    const isKnown = [...ofTarget.windows, ...ofAccount.windows].some((each) => each.isKnown);
    if (!isKnown) learn(ofTarget, refusal.wanted, nowMs);
  }
  const named = namedWindows(refusal.readings);
  for (const reading of named) {
    const scope = reading.scope === 'account' ? ofAccount : ofTarget;
    const window = scope.window(reading.kind, periodOf(reading));
    close(window, closedMs(refusal.retryAfterMs, reading.resetInMs), nowMs);
  }
  if (named.length === 0) close(ofTarget, closedMs(refusal.retryAfterMs, null), nowMs);
}

// The exhausted ones; else those of which it tells no more than that they are there.
function namedWindows(readings: readonly WindowReading[]): readonly WindowReading[] {
  const exhausted = readings.filter(({ remaining }) => remaining === 0);
  return exhausted.length > 0 ? exhausted : readings.filter(({ remaining }) => remaining === null);
}

function closedMs(retryAfterMs: number | null, resetInMs: number | null): number {
  const said = [retryAfterMs, resetInMs].find(
    (each) => each !== null && Number.isFinite(each) && each >= 0,
  );
  const wanted = said ?? LIMITS.rateClosedMs;
  return Math.min(LIMITS.rateClosedMsMax, Math.max(LIMITS.rateClosedMsMin, wanted));
}

function close(what: { closedUntilMs: number }, forMs: number, nowMs: number): void {
  what.closedUntilMs = Math.max(what.closedUntilMs, nowMs + forMs);
}

function learn(scope: WindowScope, wanted: Amounts, nowMs: number): void {
  const requests = scope.window('requests', MINUTE_MS);
  const tokens = scope.window('tokens', MINUTE_MS);
  const countedTokens = tokens.counter.sum(nowMs);
  const isLarge = wanted.inputTokens + wanted.outputTokens >= countedTokens * LARGE_SHARE_MIN;
  if (!isLarge && requests.counter.sum(nowMs) < TAUGHT_REQUESTS_MIN) return;
  if (countedTokens > 0) tokens.learn(nowMs);
  if (!isLarge) requests.learn(nowMs);
}
