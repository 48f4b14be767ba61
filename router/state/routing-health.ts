import type { FailureKind } from '../../schemas/observation.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import type { AccountHealth, HealthState, ProviderHealth } from '../../schemas/routing.ts';
import type { Target } from '../../schemas/target.ts';
import type { CircuitStanding, Forecast } from '../knowledge.ts';
import type { Tally } from './provider-tallies.ts';

/** How one model of an account stands. */
export interface TargetHealth {
  readonly target: Target;
  readonly circuit: CircuitStanding;
  readonly forecast: Pick<Forecast, 'closedForMs' | 'limitedBy'>;
  /** 0 to 1. */
  readonly successProbability: number;
}

interface Judgement {
  readonly status: HealthState;
  readonly reason: string | null;
  readonly backInMs: number | null;
  readonly score: number;
}

/** An account's health and score: the models that were asked lately together. */
export type ScoredAccount = AccountHealth & { readonly score: number };

const WELL: Judgement = { status: 'available', reason: null, backInMs: 0, score: 1 };
/** Worst last. */
const STATUS_ORDER: readonly HealthState[] = [
  'available',
  'rate_limited',
  'overloaded',
  'error',
  'maintenance',
];
/** The score of a state in which every answer succeeds. */
const SCORES = { closed: 1, suspect: 0.7, half_open: 0.4, open: 0.1, blocked: 0 } as const;
const SCORE_CLOSED_WINDOW = 0.3;
const WORDS: Readonly<Record<FailureKind, string>> = {
  rate_limited: 'its rate limit is reached',
  overloaded: 'it is overloaded',
  server_error: 'its server fails',
  timeout: 'it does not answer in time',
  connection: 'it cannot be reached',
  malformed: 'its answers cannot be read',
  credential: 'its credential is refused',
  billing: 'its account cannot pay',
  not_served: 'it does not serve the model',
  request: 'it refuses the request',
};

/** An account is as well as the model that does worst; a model that it does not serve says nothing about it. */
export function healthOfAccount(
  account: string,
  targets: readonly TargetHealth[],
  windows: AccountHealth['windows'],
): ScoredAccount {
  const judged = targets.filter(({ circuit }) => circuit.cause !== 'not_served').map(judgementOf);
  const worst = judged.reduce((a, b) => (rank(b.status) > rank(a.status) ? b : a), WELL);
  const sum = judged.reduce((total, { score }) => total + score, 0);
  const { status, reason, backInMs } = worst;
  const score = judged.length === 0 ? 1 : sum / judged.length;
  return { account, status, reason, backInMs, windows, score };
}

/** A provider is as well as its best account. */
export function healthOfProvider(
  provider: ProviderId,
  scored: readonly ScoredAccount[],
  how: {
    readonly isInMaintenance: boolean;
    readonly tally: Readonly<Tally>;
    readonly means: Pick<ProviderHealth, 'firstContentMs' | 'responseMs'>;
    readonly inFlight: number;
    readonly toUnixMs: (ms: number) => number;
  },
): ProviderHealth {
  const { tally, isInMaintenance, toUnixMs } = how;
  const [first = null, ...others] = scored;
  const best = others.reduce(
    (a, b) => (a === null || rank(b.status) < rank(a.status) ? b : a),
    first,
  );
  const answered = tally.successCount + tally.errorCount;
  return {
    provider,
    status: isInMaintenance ? 'maintenance' : (best?.status ?? 'available'),
    reason: isInMaintenance ? IN_MAINTENANCE : (best?.reason ?? null),
    score: isInMaintenance ? 0 : Math.max(0, ...scored.map(({ score }) => score)),
    successCount: tally.successCount,
    errorCount: tally.errorCount,
    rateLimitCount: tally.rateLimitCount,
    ...how.means,
    successRate: answered === 0 ? 1 : tally.successCount / answered,
    inFlight: how.inFlight,
    lastSuccessMs: tally.lastSuccessMs === null ? null : toUnixMs(tally.lastSuccessMs),
    lastErrorMs: tally.lastErrorMs === null ? null : toUnixMs(tally.lastErrorMs),
    lastError: tally.lastError,
    accounts: scored.map(({ score: _, ...account }) =>
      isInMaintenance ? inMaintenance(account) : account,
    ),
  };
}

/** The account of a provider that the operator has taken out. */
export function inMaintenance(account: AccountHealth): AccountHealth {
  return { ...account, status: 'maintenance', reason: IN_MAINTENANCE, backInMs: null };
}

const IN_MAINTENANCE = 'taken out for maintenance';

function judgementOf({ target, circuit, forecast, successProbability }: TargetHealth): Judgement {
  const isClosed = forecast.closedForMs > 0;
  const isOut = circuit.state !== 'closed' && circuit.state !== 'suspect';
  const factor = Math.min(SCORES[circuit.state], isClosed ? SCORE_CLOSED_WINDOW : 1);
  const score = factor * successProbability;
  const about = target.upstreamModel === '' ? '' : ` (${target.upstreamModel})`;
  if (isOut) {
    const status = circuit.cause === 'overloaded' ? 'overloaded' : 'error';
    const words = circuit.cause === null ? 'it fails' : WORDS[circuit.cause];
    const again = circuit.state === 'half_open' ? '; it is being tried again' : '';
    return { status, reason: `${words}${about}${again}`, backInMs: circuit.backInMs, score };
  }
  if (!isClosed) return { ...WELL, score };
  const kind = (forecast.limitedBy ?? 'requests').replace('_', ' ');
  const reason = `its rate limit of ${kind} is reached${about}`;
  return { status: 'rate_limited', reason, backInMs: forecast.closedForMs, score };
}

function rank(status: HealthState): number {
  return STATUS_ORDER.indexOf(status);
}
