import { z } from 'zod';
import type { RouteDecision } from './envelope.ts';
import type { WindowKind } from './observation.ts';
import { type ProviderId, providerIdSchema } from './provider.ts';
import type { RequestClass } from './request-class.ts';

/** The strategies' names; the seed's values. */
export const STRATEGY_NAMES = ['intelligent', 'cost', 'performance', 'availability'] as const;
/** One of STRATEGY_NAMES. */
export type StrategyName = (typeof STRATEGY_NAMES)[number];

/** What the operator set at run time: KV `gw-state`, key `settings`, JSON. Survives restarts. */
export const routingSettingsSchema = z.looseObject({
  v: z.literal(1),
  /** Null = the configured one. */
  strategy: z.enum(STRATEGY_NAMES).nullable(),
  /** Providers out for maintenance, with the Unix milliseconds since when. */
  maintenance: z.array(z.object({ provider: providerIdSchema, sinceMs: z.number() })),
});
/** See `routingSettingsSchema`. */
export type RoutingSettings = Readonly<z.infer<typeof routingSettingsSchema>>;

/** Nothing was set. */
export const NO_SETTINGS: RoutingSettings = { v: 1, strategy: null, maintenance: [] };

/** States of a provider or account; the seed's values. */
export const HEALTH_STATES = [
  'available',
  'rate_limited',
  'overloaded',
  'error',
  'maintenance',
] as const;
/** One of HEALTH_STATES. */
export type HealthState = (typeof HEALTH_STATES)[number];

/** One rate-limit window, for people and dashboards. */
export interface WindowView {
  readonly upstreamModel: string | null;
  readonly kind: WindowKind;
  readonly periodMs: number;
  /** Null = unknown. */
  readonly limit: number | null;
  /** Counted or told so far, reservations included. */
  readonly used: number;
  /** Where the limit comes from. */
  readonly source: 'configured' | 'published' | 'learned' | 'none';
  /** Milliseconds until a closed window opens; 0 = it is open. */
  readonly closedForMs: number;
}

/** One account of a provider. */
export interface AccountHealth {
  readonly account: string;
  readonly status: HealthState;
  /** Why, in words for people; null when available. */
  readonly reason: string | null;
  /** Milliseconds until it is tried again; null = nobody knows, 0 = now. */
  readonly backInMs: number | null;
  readonly windows: readonly WindowView[];
}

/** How a provider does. Times are Unix milliseconds, durations milliseconds. */
export interface ProviderHealth {
  readonly provider: ProviderId;
  readonly status: HealthState;
  readonly reason: string | null;
  /** 0 = out, 1 = in best health. */
  readonly score: number;
  readonly successCount: number;
  readonly errorCount: number;
  readonly rateLimitCount: number;
  /** Mean time to the first content of streams; null = none seen. */
  readonly firstContentMs: number | null;
  /** Mean duration of whole answers; null = none seen. */
  readonly responseMs: number | null;
  readonly successRate: number;
  readonly inFlight: number;
  readonly lastSuccessMs: number | null;
  readonly lastErrorMs: number | null;
  readonly lastError: string | null;
  readonly accounts: readonly AccountHealth[];
}

/** How all providers do, as the leading router sees it: KV `gw-state`, key `health`, JSON. */
export interface HealthReport {
  readonly v: 1;
  readonly atMs: number;
  readonly strategy: StrategyName;
  readonly providers: readonly ProviderHealth[];
}

/** One candidate of an explained decision. */
export interface ExplainedCandidate {
  readonly provider: ProviderId;
  readonly account: string;
  readonly upstreamModel: string;
  readonly isEligible: boolean;
  /** `healthy`, `degraded` (others are preferred) or `out` (only when nobody else fits). */
  readonly standing: string;
  /** Why it has this standing, in words; empty when healthy. */
  readonly standingReason: string;
  readonly score: number;
  /** What the score is made of, by factor. */
  readonly factors: Readonly<Record<string, number>>;
}

/** A decision with everything that led to it. Candidates in order, best first. */
export interface Explanation {
  readonly requestId: string;
  readonly atMs: number;
  readonly requestModel: string;
  readonly requestClass: RequestClass;
  /** The rule of the operator that applied; null = none. */
  readonly rule: string | null;
  readonly decision: RouteDecision;
  readonly candidates: readonly ExplainedCandidate[];
}

/** What a router tells about itself. */
export interface RouterStats {
  readonly routerId: string;
  readonly isLeader: boolean;
  readonly strategy: StrategyName;
  readonly decisions: number;
  readonly providers: readonly ProviderHealth[];
  /** Newest first. */
  readonly recentDecisions: readonly Explanation[];
}

/** What an administrator did: JSON on `gw.v1.ev.admin`, in stream EV. Holds no credential. */
export interface AdminEvent {
  readonly v: 1;
  readonly id: string;
  readonly atMs: number;
  readonly action: 'routing-strategy' | 'maintenance' | 'reset' | 'ledger-rebuild';
  readonly detail: Readonly<Record<string, unknown>>;
  /** Where the call came from: the socket's address. */
  readonly from: string;
}
