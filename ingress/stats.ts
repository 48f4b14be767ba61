import { askEveryone } from '../bus/commands.ts';
import { LIMITS } from '../config/limits.ts';
import type { Alert } from '../schemas/alert.ts';
import type { Explanation, ProviderHealth, RouterStats } from '../schemas/routing.ts';
import { subjects } from '../schemas/subjects.ts';
import { type BudgetView, budgetView, type CostsView, costsView } from './budget-view.ts';
import type { IngressContext } from './context.ts';
import type { RequestCounts } from './request-counts.ts';

/** What `GET /stats` answers. */
export interface Stats {
  readonly request_stats: ReturnType<RequestCounts['view']>;
  readonly active_requests: number;
  readonly router_stats: {
    readonly strategy: string;
    readonly total_decisions: number;
    readonly routers: readonly RouterView[];
  };
  /** Addresses of the providers' own ports. */
  readonly provider_endpoints: Readonly<Record<string, string>>;
  readonly providers: readonly ProviderHealth[];
  /** Of all routers, newest first. */
  readonly recent_decisions: readonly Explanation[];
  /** As the ledger last reported. */
  readonly costs: CostsView;
  /** By which this ingress reckons; `as_of_ms` null = by those that ship. */
  readonly prices: { readonly version: string; readonly as_of_ms: number | null };
  /** The last ones, newest first. */
  readonly alerts: readonly Alert[];
  readonly budgets: readonly BudgetView[];
}

interface RouterView {
  readonly id: string;
  readonly is_leader: boolean;
  readonly strategy: string;
  readonly decisions: number;
}

/** Asks every router and adds what this ingress counted. Without routers their part is empty. */
export async function gatherStats(context: IngressContext): Promise<Stats> {
  const { bus, health, requestCounts, spending, budgets, prices } = context;
  const routers = bus.isConnected ? await askRouters(context) : [];
  const leader = routers.find(({ isLeader }) => isLeader) ?? routers[0];
  return {
    request_stats: requestCounts.view(),
    active_requests: activeRequests(context),
    router_stats: {
      strategy: leader?.strategy ?? currentStrategy(context),
      total_decisions: routers.reduce((sum, { decisions }) => sum + decisions, 0),
      routers: routers.map((router) => ({
        id: router.routerId,
        is_leader: router.isLeader,
        strategy: router.strategy,
        decisions: router.decisions,
      })),
    },
    provider_endpoints: endpoints(context),
    providers: leader?.providers ?? health.latest()?.providers ?? [],
    recent_decisions: newestFirst(routers),
    costs: costsView(spending.latest(), Date.now()),
    prices: { version: prices.version, as_of_ms: prices.checkedAtMs },
    alerts: spending.alerts(),
    budgets: budgets?.stands(Date.now()).map(budgetView) ?? [],
  };
}

/** Client requests under way. */
export function activeRequests({ openRequests }: Pick<IngressContext, 'openRequests'>): number {
  let active = 0;
  for (const open of openRequests.values()) active += open;
  return active;
}

/** The strategy that the operator set at run time, else the configured one. */
export function currentStrategy({ health, config }: IngressContext): string {
  return health.settings().strategy ?? config.strategy;
}

function askRouters({ bus }: IngressContext): Promise<readonly RouterStats[]> {
  const subject = subjects.routerCommand('stats');
  const patience = { waitMs: LIMITS.statsMsMax, quietMs: LIMITS.statsQuietMs };
  return askEveryone<RouterStats>(bus, subject, {}, patience);
}

function newestFirst(routers: readonly RouterStats[]): readonly Explanation[] {
  return routers
    .flatMap(({ recentDecisions }) => recentDecisions)
    .toSorted((one, other) => other.atMs - one.atMs)
    .slice(0, LIMITS.recentDecisionsMax);
}

function endpoints({ config, ports }: IngressContext): Readonly<Record<string, string>> {
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  const own = Object.entries(ports).filter(([name, port]) => name !== 'auto' && port !== null);
  return Object.fromEntries(own.map(([name, port]) => [name, `http://${host}:${port}`]));
}
