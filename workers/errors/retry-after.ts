import type { HeaderPair } from '../../schemas/envelope.ts';
import { isJsonObject, type JsonObject, objectField, textField } from '../json.ts';

/** Where nobody says: long enough for a per-minute window to move. Source: protocol reference §7.5. */
const RETRY_AFTER_SECONDS_DEFAULT = 30;
/** Claude Code obeys blindly: longer waits are cut. Source: reliability reference §4.2. */
const RETRY_AFTER_SECONDS_MAX = 60;
const LIMITED = ['requests', 'tokens'] as const;
const DURATION = /^(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?/;
/** Numbers above these are moments, not durations. */
const EPOCH_SECONDS_MIN = 1e9;
const EPOCH_MS_MIN = 1e12;

/** What can hold a retry hint. */
export interface RetryHints {
  readonly headers: readonly HeaderPair[];
  /** The body's `error` object. */
  readonly error: JsonObject;
  readonly message: string;
}

/**
 * Seconds to wait, 1 to 60: the longest of all hints (`retry-after`, `retry-after-ms`, `x-ratelimit-timeremaining`,
 * Google's `RetryInfo`, the reset of a limit that is used up, "retry in N s" in the text), 30 when there is none.
 */
export function retryAfterSeconds(hints: RetryHints): number {
  // A date counts from the upstream's own clock.
  const nowMs = Date.parse(hints.headers.find(([name]) => name === 'date')?.[1] ?? '');
  const found = [
    ...hints.headers.map(([name, value]) => secondsOfHeader(name, value, nowMs)),
    ...secondsOfRetryInfo(hints.error),
    ...secondsOfResets(hints, nowMs),
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
  if (match !== null) return Number(match[1]);
  const duration = /(?:again in|retry in|wait|retry after) (\d[\d.hms]{0,20})/i.exec(message)?.[1];
  return duration === undefined ? null : secondsOfDuration(duration);
}

// Only a limit that is used up makes one wait: the others tell when they are full again.
function secondsOfResets({ headers, error }: RetryHints, nowMs: number): (number | null)[] {
  const values = new Map(headers);
  const resets = LIMITED.map((what) =>
    values.get(`x-ratelimit-remaining-${what}`) === '0'
      ? secondsOfDuration(values.get(`x-ratelimit-reset-${what}`) ?? '')
      : null,
  );
  // OpenRouter tells those of its own upstream in the body.
  const inner = objectField(objectField(error, 'metadata'), 'headers');
  const reset = values.get('x-ratelimit-reset') ?? inner['X-RateLimit-Reset'];
  return [...resets, secondsUntil(Number(reset ?? Number.NaN), nowMs)];
}

// Servers write a moment in milliseconds or seconds, or how long it is until then.
function secondsUntil(value: number, nowMs: number): number {
  if (value > EPOCH_MS_MIN) return (value - nowMs) / 1000;
  return value > EPOCH_SECONDS_MIN ? value - nowMs / 1000 : value;
}

// `1s`, `6m0s`, `12ms`; Azure writes plain seconds.
function secondsOfDuration(text: string): number | null {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text);
  const match = DURATION.exec(text);
  if (match === null || match[0] === '') return null;
  const [, hours = '0', minutes = '0', seconds = '0', milliseconds = '0'] = match;
  return (
    Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) + Number(milliseconds) / 1000
  );
}
