import type { ProviderSettings } from '../config/config.ts';
import type { ProviderHealth } from '../schemas/routing.ts';

/** A provider in `GET /health`. Durations are seconds, times ISO 8601; null = not known yet. Pure. */
export function briefHealth(health: ProviderHealth) {
  return {
    status: health.status,
    avg_response_time: seconds(health.responseMs),
    success_rate: health.successRate,
    last_success: isoTime(health.lastSuccessMs),
  };
}

/** A provider in `GET /admin/provider/{provider}/health`. Units as in `briefHealth`; windows in milliseconds. Pure. */
export function detailedHealth(health: ProviderHealth, reportedAtMs: number) {
  const windows = health.accounts.flatMap(({ account, windows: own }) =>
    own.map((window) => ({ account, ...window })),
  );
  return {
    provider: health.provider,
    status: health.status,
    metrics: {
      success_count: health.successCount,
      error_count: health.errorCount,
      avg_response_time: seconds(health.responseMs),
      avg_first_content_time: seconds(health.firstContentMs),
      last_success: isoTime(health.lastSuccessMs),
      last_error: isoTime(health.lastErrorMs),
      last_error_message: health.lastError,
    },
    rate_limit_info: {
      is_limited: health.status === 'rate_limited',
      rate_limited_count: health.rateLimitCount,
      retry_after_seconds: seconds(soonest(health)),
      windows,
    },
    score: health.score,
    reason: health.reason,
    success_rate: health.successRate,
    in_flight: health.inFlight,
    accounts: health.accounts.map(({ account, status, reason, backInMs }) => {
      return { account, status, reason, back_in_seconds: seconds(backInMs) };
    }),
    reported_at: isoTime(reportedAtMs),
  };
}

/** The same for a provider that is switched off, which no router looks at. Pure. */
export function offHealth({ id, offReason }: ProviderSettings) {
  const none: ProviderHealth = {
    provider: id,
    status: 'error',
    reason: offReason,
    score: 0,
    successCount: 0,
    errorCount: 0,
    rateLimitCount: 0,
    firstContentMs: null,
    responseMs: null,
    successRate: 0,
    inFlight: 0,
    lastSuccessMs: null,
    lastErrorMs: null,
    lastError: null,
    accounts: [],
  };
  return { ...detailedHealth(none, 0), status: 'disabled', reported_at: null };
}

// When the first account of a limited provider is back; null = it is not limited, or nobody knows.
function soonest({ status, accounts }: ProviderHealth): number | null {
  if (status !== 'rate_limited') return null;
  const waits = accounts.map(({ backInMs }) => backInMs).filter((ms) => ms !== null);
  return waits.length === 0 ? null : Math.min(...waits);
}

function seconds(milliseconds: number | null): number | null {
  return milliseconds === null ? null : milliseconds / 1000;
}

function isoTime(unixMs: number | null): string | null {
  return unixMs === null ? null : new Date(unixMs).toISOString();
}
