import type { Log } from '../bus/log.ts';
import type { Config } from '../config/config.ts';
import { providerOfModel, resolveModel } from '../config/model-mapping.ts';
import { costOf } from '../config/prices/cost.ts';
import { highestCost } from '../config/prices/highest-cost.ts';
import type { PriceList } from '../config/prices/price-list.ts';
import { attemptMark, type SpendingReport } from '../schemas/budget.ts';
import type { RouteTarget } from '../schemas/envelope.ts';
import type { Picodollars } from '../schemas/money.ts';
import type { ProviderId } from '../schemas/provider.ts';
import { BudgetBook, type BudgetStand } from './budget-book.ts';
import { spendLimitError } from './budget-refusal.ts';
import type { Exchange } from './exchange.ts';
import type { RelayResult } from './relay.ts';

/** What the gate needs of the configuration. */
export type BudgetConfig = Pick<Config, 'budgets' | 'chain' | 'modelMapping'>;
/** What it needs of an exchange. */
export type BudgetedExchange = Pick<Exchange, 'requestId' | 'facts' | 'pinned' | 'clientKeyId'>;

/** Money that is set aside for one attempt. */
export interface BudgetHold {
  /** Makes the attempt, and counts what it cost when it is over. */
  during(work: () => Promise<RelayResult>): Promise<RelayResult>;
}

/** An attempt may start, or a budget has too little left for it. */
export type BudgetClaim =
  | { readonly kind: 'held'; readonly hold: BudgetHold }
  | { readonly kind: 'refused'; readonly stand: BudgetStand };

/** Holds the requests of one ingress to the operator's budgets. Times in Unix milliseconds. */
export class BudgetGate {
  readonly #config: BudgetConfig;
  readonly #prices: PriceList;
  readonly #book: BudgetBook;
  readonly #log: Log;
  readonly #hasProviderBudgets: boolean;
  /** Budgets whose end is in the log, with when they reset. */
  readonly #told = new Map<string, number>();

  constructor(config: BudgetConfig, { prices, log }: { readonly prices: PriceList; log: Log }) {
    this.#config = config;
    this.#prices = prices;
    this.#log = log;
    this.#book = new BudgetBook(config.budgets);
    this.#hasProviderBudgets = config.budgets.some(({ scope }) => scope === 'provider');
  }

  /** Takes what the ledger says. */
  take(report: SpendingReport): void {
    this.#book.take(report);
  }

  /** Before a request is read: throws GatewayError 429 when its client key's or everybody's budget is used up. */
  check(clientKeyId: string | null, nowMs: number): void {
    const scopes = ['global', 'key'] as const;
    const stand = this.#book.refusal({ provider: '', clientKeyId }, 0n, { nowMs, scopes });
    if (stand === null) return;
    this.#tell(stand);
    throw spendLimitError(stand);
  }

  /** The providers whose own budget has too little left for the request, of those that could serve it. */
  barred(exchange: BudgetedExchange, nowMs: number): readonly BarredProvider[] {
    if (!this.#hasProviderBudgets || exchange.facts.operation !== 'messages') return NOBODY;
    const { chain, modelMapping } = this.#config;
    const { facts, pinned, clientKeyId } = exchange;
    const named = providerOfModel(facts.requestModel, modelMapping.providers)?.provider ?? null;
    const barred: BarredProvider[] = [];
    for (const provider of chain) {
      if ((pinned ?? named ?? provider) !== provider) continue;
      const most = this.#highestCost(exchange, { provider, model: null }, nowMs);
      const limits = { nowMs, scopes: ['provider'] as const };
      const stand = this.#book.refusal({ provider, clientKeyId }, most, limits);
      if (stand === null) continue;
      this.#tell(stand);
      barred.push({ provider, stand });
    }
    return barred;
  }

  /** Sets aside what an attempt may cost at most, unless a budget has too little left. Token counts cost nothing. */
  claim(
    exchange: BudgetedExchange,
    { target, attempt, nowMs }: { target: RouteTarget; attempt: number; nowMs: number },
  ): BudgetClaim {
    if (exchange.facts.operation !== 'messages') return FREE;
    const { provider } = target;
    const payer = { provider, clientKeyId: exchange.clientKeyId };
    const most = this.#highestCost(exchange, target, nowMs);
    const stand = this.#book.refusal(payer, most, { nowMs, scopes: ALL_SCOPES });
    if (stand !== null) {
      this.#tell(stand);
      return { kind: 'refused', stand };
    }
    const mark = attemptMark(exchange.requestId, attempt);
    this.#book.start(mark, payer, most);
    const during: BudgetHold['during'] = async (work) => {
      let result: RelayResult | null = null;
      try {
        result = await work();
      } finally {
        if (result === null || result.kind === 'not-taken') this.#book.withdraw(mark);
        else this.#book.end(mark, this.#costOf(result, exchange, { target, nowMs }), Date.now());
      }
      return result;
    };
    return { kind: 'held', hold: { during } };
  }

  /** How every budget stands. */
  stands(nowMs: number): readonly BudgetStand[] {
    return this.#book.stands(this.#config.chain, nowMs);
  }

  // Once per period, provider and key.
  #tell({ budget: { scope, period }, name, resetsAtMs }: BudgetStand): void {
    const key = `${scope} ${name} ${period}`;
    if (this.#told.get(key) === resetsAtMs) return;
    this.#told.set(key, resetsAtMs);
    this.#log.warn({ scope, name, period }, 'a budget has too little left for a request');
  }

  #highestCost(
    { facts }: BudgetedExchange,
    target: Pick<RouteTarget, 'provider' | 'model'>,
    atMs: number,
  ): Picodollars {
    const upstreamModel = this.#upstreamModel(facts.requestModel, target);
    const { inputTokensEstimate: inputTokens } = facts;
    const { provider } = target;
    return highestCost(
      facts,
      this.#prices.pricesOf({ provider, upstreamModel, inputTokens, atMs }),
    );
  }

  // Null = only the ledger will know.
  #costOf(
    result: RelayResult,
    { facts }: BudgetedExchange,
    { target, nowMs: atMs }: { target: RouteTarget; nowMs: number },
  ): Picodollars | null {
    if (result.kind === 'failed') {
      // Who refuses a request does not charge for it.
      return result.error.upstreamStatus === null ? null : 0n;
    }
    if (result.kind !== 'done' || result.usage === null) return null;
    const { provider } = target;
    const upstreamModel = this.#upstreamModel(facts.requestModel, target);
    const context = { provider, upstreamModel, responseModel: null, raw: null, atMs };
    return costOf(result.usage, context, this.#prices).picodollars;
  }

  #upstreamModel(
    requestModel: string,
    { provider, model }: Pick<RouteTarget, 'provider' | 'model'>,
  ): string {
    return resolveModel(model ?? requestModel, provider, this.#config.modelMapping).upstreamModel;
  }
}

/** A provider that is left out, and the budget that has too little left. */
export interface BarredProvider {
  readonly provider: ProviderId;
  readonly stand: BudgetStand;
}

const ALL_SCOPES = ['global', 'provider', 'key'] as const;
const NOBODY: readonly BarredProvider[] = [];
const FREE: BudgetClaim = { kind: 'held', hold: { during: (work) => work() } };
