import type { RequestFacts } from '../schemas/envelope.ts';

/** When an attempt's time is up, and what it depends on. */
export interface AttemptTime {
  /** Unix milliseconds by which the exchange's first byte must have come. */
  readonly deadlineMs: number;
  readonly isStream: RequestFacts['isStream'];
  /** Another target may be asked after this attempt. */
  readonly hasOthers: boolean;
}

/**
 * Unix milliseconds by which an attempt's first byte must have come: a stream leaves half of what is left to the others,
 * or a provider that never answers would take the whole time. A whole message has its first byte when it is done, and may
 * take all of it. Pure.
 */
export function attemptDeadlineMs(
  { deadlineMs, isStream, hasOthers }: AttemptTime,
  nowMs: number,
): number {
  if (!isStream || !hasOthers) return deadlineMs;
  return nowMs + (deadlineMs - nowMs) / 2;
}
