import type { WindowKind, WindowReading } from '../../schemas/observation.ts';

/** Lengths of windows, in milliseconds. */
export const PERIODS = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
} as const;

/** The names of the headers that tell of one window. */
export interface WindowHeaders {
  readonly kind: WindowKind;
  readonly limit: string;
  readonly remaining: string;
  readonly reset: string;
}

/** A reading of which only what was said need be given. A limit of 0 says no more than that nothing is left. */
export function windowReading(
  said: Pick<WindowReading, 'kind' | 'scope'> & Partial<WindowReading>,
): WindowReading {
  const { kind, scope, periodMs = null, limit = null, remaining = null, resetInMs = null } = said;
  return { kind, scope, periodMs, limit: limit === 0 ? null : limit, remaining, resetInMs };
}

/** False for a reading that says nothing beside its kind. */
export function saysSomething({ limit, remaining, resetInMs }: WindowReading): boolean {
  return limit !== null || remaining !== null || resetInMs !== null;
}
