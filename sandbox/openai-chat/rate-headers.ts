import type { HeaderPair } from '../../schemas/envelope.ts';
import type { HeaderContext } from '../dialect.ts';
import type { LimitExceeded } from '../rate-windows.ts';

/** `x-ratelimit-*` headers of requests and tokens; `reset` writes the milliseconds until a limit is full again. */
export function rateHeaders(
  { windows, nowMs }: HeaderContext,
  reset: (ms: number) => string,
): HeaderPair[] {
  return (['requests', 'input-tokens'] as const).flatMap((what) => {
    const { limit, remaining, resetMs } = windows.state(what, nowMs);
    const name = what === 'requests' ? 'requests' : 'tokens';
    return [
      [`x-ratelimit-limit-${name}`, String(limit)],
      [`x-ratelimit-remaining-${name}`, String(remaining)],
      [`x-ratelimit-reset-${name}`, reset(resetMs - nowMs)],
    ] as const;
  });
}

/** A duration as OpenAI writes it: `12ms`, `1s`, `6m0s`. */
export function openaiDuration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.ceil(ms))}ms`;
  const seconds = Math.ceil(ms / 1_000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

/** OpenAI's name for a limit. */
export function openaiLimitName({ what }: LimitExceeded): string {
  return what === 'requests' ? 'requests per min (RPM)' : 'tokens per min (TPM)';
}
