import type { HeaderPair } from '../../schemas/envelope.ts';
import { isJsonObject, type JsonObject, textField } from '../json.ts';

/** Where nobody says: long enough for a per-minute window to move. Source: protocol reference §7.5. */
const RETRY_AFTER_SECONDS_DEFAULT = 30;
/** Claude Code obeys blindly: longer waits are cut. Source: reliability reference §4.2. */
const RETRY_AFTER_SECONDS_MAX = 60;

/** What can hold a retry hint. */
export interface RetryHints {
  readonly headers: readonly HeaderPair[];
  /** The body's `error` object. */
  readonly error: JsonObject;
  readonly message: string;
}

/**
 * Seconds to wait, 1 to 60: the longest of all hints (`retry-after`, `retry-after-ms`, `x-ratelimit-timeremaining`,
 * Google's `RetryInfo`, "retry in N s" in the text), 30 when there is none.
 */
export function retryAfterSeconds(hints: RetryHints): number {
  // A date counts from the upstream's own clock.
  const nowMs = Date.parse(hints.headers.find(([name]) => name === 'date')?.[1] ?? '');
  const found = [
    ...hints.headers.map(([name, value]) => secondsOfHeader(name, value, nowMs)),
    ...secondsOfRetryInfo(hints.error),
    secondsOfText(hints.message),
  ].filter((seconds) => seconds !== null && Number.isFinite(seconds) && seconds >= 0);
  if (found.length === 0) return RETRY_AFTER_SECONDS_DEFAULT;
  const longest = Math.max(...found.map(Number));
  return Math.min(RETRY_AFTER_SECONDS_MAX, Math.max(1, Math.ceil(longest)));
}

function secondsOfHeader(name: string, value: string, nowMs: number): number | null {
  if (name === 'retry-after-ms') return Number(value) / 1000;
  if (name === 'x-ratelimit-timeremaining') return Number(value);
  if (name !== 'retry-after') return null;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return seconds;
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? null : (atMs - nowMs) / 1000;
}

function secondsOfRetryInfo(error: JsonObject): (number | null)[] {
  const { details } = error;
  if (!Array.isArray(details)) return [];
  return details.map((detail) => {
    const delay = isJsonObject(detail) ? textField(detail, 'retryDelay') : null;
    const match = delay === null ? null : /^(\d+(?:\.\d+)?)s$/.exec(delay);
    return match === null ? null : Number(match[1]);
  });
}

function secondsOfText(message: string): number | null {
  const match = /(?:retry in|wait|retry after) (\d+(?:\.\d+)?) ?(?:s\b|seconds?)/i.exec(message);
  return match === null ? null : Number(match[1]);
}
