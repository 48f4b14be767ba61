import type { HeaderPair } from '../../schemas/envelope.ts';
import { isJsonObject, type JsonObject, objectField, textField } from '../json.ts';
import { msOfDuration, msUntil, numberOf, upstreamNowMs } from '../rate-limits/durations.ts';

/** Where nobody says: long enough for a per-minute window to move. Source: protocol reference §7.5. */
const RETRY_AFTER_SECONDS_DEFAULT = 30;
/** Claude Code obeys blindly: longer waits are cut. Source: reliability reference §4.2. */
const RETRY_AFTER_SECONDS_MAX = 60;
const LIMITED = ['requests', 'tokens'] as const;

/** What can hold a retry hint. */
export interface RetryHints {
  readonly headers: readonly HeaderPair[];
  /** The body's `error` object. */
  readonly error: JsonObject;
  readonly message: string;
}

/** Seconds for the client to wait, 1 to 60: what `retryAfterMs` finds, 30 when there is nothing. */
export function retryAfterSeconds(hints: RetryHints): number {
  const ms = retryAfterMs(hints);
  if (ms === null) return RETRY_AFTER_SECONDS_DEFAULT;
  return Math.min(RETRY_AFTER_SECONDS_MAX, Math.max(1, Math.ceil(ms / 1_000)));
}

/**
 * Milliseconds that the upstream asks to wait, not cut: the longest of all hints (`retry-after`, `retry-after-ms`,
 * `x-ratelimit-timeremaining`, Google's `RetryInfo`, the reset of a limit that is used up, "retry in N s" in the text);
 * null when there is none.
 */
export function retryAfterMs(hints: RetryHints): number | null {
  // A date counts from the upstream's own clock.
  const nowMs = upstreamNowMs(hints.headers);
  const found = [
    ...hints.headers.map(([name, value]) => msOfHeader(name, value, nowMs)),
    ...msOfRetryInfo(hints.error),
    ...msOfResets(hints, nowMs),
    msOfText(hints.message),
  ].filter((ms) => ms !== null && Number.isFinite(ms) && ms >= 0);
  return found.length === 0 ? null : Math.max(...found.map(Number));
}

function msOfHeader(name: string, value: string, nowMs: number): number | null {
  if (name === 'retry-after-ms') return numberOf(value);
  if (name !== 'retry-after' && name !== 'x-ratelimit-timeremaining') return null;
  const seconds = numberOf(value);
  if (seconds !== null) return seconds * 1_000;
  const atMs = name === 'retry-after' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(atMs) ? null : atMs - nowMs;
}

function msOfRetryInfo(error: JsonObject): (number | null)[] {
  const { details } = error;
  if (!Array.isArray(details)) return [];
  return details.map((detail) => {
    const delay = isJsonObject(detail) ? textField(detail, 'retryDelay') : null;
    return delay === null ? null : msOfDuration(delay);
  });
}

function msOfText(message: string): number | null {
  const match = /(?:retry in|wait|retry after) (\d{1,9}(?:\.\d{1,12})?) ?(?:s\b|seconds?)/i.exec(
    message,
  );
  if (match !== null) return Number(match[1]) * 1_000;
  const duration = /(?:again in|retry in|wait|retry after) (\d[\d.dhms]{0,20})/i.exec(message)?.[1];
  return duration === undefined ? null : msOfDuration(duration);
}

// Only a limit that is used up makes one wait: the others tell when they are full again.
function msOfResets({ headers, error }: RetryHints, nowMs: number): (number | null)[] {
  const values = new Map(headers);
  const resets = LIMITED.map((what) =>
    values.get(`x-ratelimit-remaining-${what}`) === '0'
      ? msOfDuration(values.get(`x-ratelimit-reset-${what}`) ?? '')
      : null,
  );
  // OpenRouter tells those of its own upstream in the body.
  const inner = objectField(objectField(error, 'metadata'), 'headers');
  const reset = numberOf(values.get('x-ratelimit-reset') ?? inner['X-RateLimit-Reset']);
  return [...resets, reset === null ? null : msUntil(reset, nowMs)];
}
