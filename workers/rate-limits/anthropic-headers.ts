import { WINDOW_KINDS, type WindowReading } from '../../schemas/observation.ts';
import { msUntilReset, numberOf } from './durations.ts';
import { PERIODS, saysSomething, type WindowHeaders, windowReading } from './window-reading.ts';

const STANDARD = headersNamed('anthropic-ratelimit-');
const PRIORITY = headersNamed('anthropic-priority-');

/**
 * Anthropic's windows: `anthropic-ratelimit-*`, or those of the priority tier where only they are told (a request that
 * finds the tier used up is served as a standard one). A subscription's window counts once it is used up.
 */
export function anthropicWindows(
  headers: ReadonlyMap<string, string>,
  nowMs: number,
): readonly WindowReading[] {
  const standard = windowsOf(STANDARD, headers, nowMs);
  const told = standard.length > 0 ? standard : windowsOf(PRIORITY, headers, nowMs);
  return headers.get('anthropic-ratelimit-unified-status') === 'rejected'
    ? [...told, usedUpSubscription(headers, nowMs)]
    : told;
}

function headersNamed(prefix: string): readonly WindowHeaders[] {
  return WINDOW_KINDS.map((kind) => {
    const name = `${prefix}${kind.replace('_', '-')}`;
    return {
      kind,
      limit: `${name}-limit`,
      remaining: `${name}-remaining`,
      reset: `${name}-reset`,
    };
  });
}

function windowsOf(
  names: readonly WindowHeaders[],
  headers: ReadonlyMap<string, string>,
  nowMs: number,
): readonly WindowReading[] {
  return names
    .map(({ kind, limit, remaining, reset }) =>
      windowReading({
        kind,
        scope: 'model',
        periodMs: PERIODS.minute,
        limit: numberOf(headers.get(limit)),
        remaining: numberOf(headers.get(remaining)),
        resetInMs: msUntilReset(headers.get(reset), nowMs),
      }),
    )
    .filter(saysSomething);
}

function usedUpSubscription(headers: ReadonlyMap<string, string>, nowMs: number): WindowReading {
  return windowReading({
    kind: 'requests',
    scope: 'account',
    remaining: 0,
    resetInMs: msUntilReset(headers.get('anthropic-ratelimit-unified-reset'), nowMs),
  });
}
