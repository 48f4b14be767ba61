import { LIMITS } from '../../config/limits.ts';
import { NO_USAGE, type Usage, type UsageEvent, usageEventId } from '../../schemas/usage.ts';
import type { LedgerState, OpenReservation } from './ledger-state.ts';

/** The reservations that nobody ended or renewed in time, oldest first. */
export function overdue(state: LedgerState, nowMs: number): readonly OpenReservation[] {
  const found: OpenReservation[] = [];
  for (const reservation of state.reservations.values()) {
    const isDue = reservation.openedAtMs + LIMITS.ledgerReservationMsMax <= nowMs;
    if (!isDue || found.length >= LIMITS.ledgerSweptMax) break;
    found.push(reservation);
  }
  return found;
}

/** The final entry of an attempt that nobody ended. Always the same for the same reservation, whoever writes it. */
export function lostEntry(reservation: OpenReservation): UsageEvent {
  const { requestId, attempt, priceVersion, startedAtMs, renewedAtMs } = reservation;
  const knownMs = Math.max(0, (renewedAtMs ?? startedAtMs) - startedAtMs);
  return {
    v: 1,
    id: usageEventId(requestId, attempt),
    requestId,
    attempt,
    provider: reservation.provider,
    account: reservation.account,
    requestModel: reservation.requestModel,
    upstreamModel: reservation.upstreamModel,
    responseModel: null,
    sessionId: reservation.sessionId,
    clientKeyId: reservation.clientKeyId,
    startedAtMs,
    firstByteMs: null,
    durationMs: knownMs + LIMITS.ledgerReservationMsMax,
    outcome: 'lost',
    status: null,
    errorType: 'attempt_lost',
    stopReason: null,
    estimated: true,
    usage: lostUsage(reservation),
    raw: null,
    cost: { picodollars: reservation.picodollarsIfLost, priceVersion, source: 'reservation' },
    requestClass: reservation.requestClass,
    messageId: null,
  };
}

// Disjoint parts, together the estimated prompt.
function lostUsage({ inputTokensEstimate, cacheIfLost }: OpenReservation): Usage {
  let leftTokens = inputTokensEstimate;
  const take = (tokens = 0): number => {
    const taken = Math.min(tokens, leftTokens);
    leftTokens -= taken;
    return taken;
  };
  const cache = {
    cacheReadInputTokens: take(cacheIfLost?.cacheReadInputTokens),
    cacheCreation5mInputTokens: take(cacheIfLost?.cacheCreation5mInputTokens),
    cacheCreation1hInputTokens: take(cacheIfLost?.cacheCreation1hInputTokens),
  };
  return { ...NO_USAGE, ...cache, inputTokens: leftTokens };
}
