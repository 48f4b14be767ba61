import type { RateWindows } from '../../sandbox/rate-windows.ts';
import { LIMITED } from '../../sandbox/rate-windows.ts';
import type { HeaderPair } from '../../schemas/envelope.ts';

/** How a provider tells of its limits: in Anthropic's headers, in OpenAI's, or not at all. */
export type LimitDialect = 'anthropic' | 'openai' | 'none';

/** The headers of an answer; `retryAfterMs` null = it is no refusal. */
export function limitHeaders(
  dialect: LimitDialect,
  windows: RateWindows,
  { retryAfterMs, nowMs }: { retryAfterMs: number | null; nowMs: number },
): readonly HeaderPair[] {
  if (dialect === 'none') return [];
  const headers: HeaderPair[] = [['date', new Date(nowMs).toUTCString()]];
  // Dates of headers have no milliseconds.
  const dateMs = Math.floor(nowMs / 1_000) * 1_000;
  for (const what of LIMITED) {
    const { limit, remaining, resetMs } = windows.state(what, nowMs);
    if (dialect === 'anthropic') {
      const name = `anthropic-ratelimit-${what}`;
      headers.push([`${name}-limit`, String(limit)]);
      headers.push([`${name}-remaining`, String(remaining)]);
      headers.push([`${name}-reset`, new Date(dateMs + resetMs - nowMs).toISOString()]);
    } else {
      headers.push([`x-ratelimit-limit-${what}`, String(limit)]);
      headers.push([`x-ratelimit-remaining-${what}`, String(remaining)]);
      headers.push([`x-ratelimit-reset-${what}`, `${((resetMs - nowMs) / 1_000).toFixed(3)}s`]);
    }
  }
  if (retryAfterMs !== null) headers.push(['retry-after', String(Math.ceil(retryAfterMs / 1_000))]);
  return headers;
}
