import type { ExchangeResult } from './exchange.ts';

/** How many requests this ingress served, and how they ended. A client that left is neither success nor failure. */
export class RequestCounts {
  #total = 0;
  #successful = 0;
  #failed = 0;
  #cancelled = 0;
  #fallback = 0;
  #rateLimited = 0;

  /** Counts a request that ended. */
  add({ status, isFallback, isRateLimited }: ExchangeResult): void {
    this.#total += 1;
    if (status === CLIENT_LEFT) this.#cancelled += 1;
    else if (status < 400) this.#successful += 1;
    else this.#failed += 1;
    if (isFallback) this.#fallback += 1;
    if (isRateLimited) this.#rateLimited += 1;
  }

  /** The counts since the start, under the names that dashboards know. */
  view() {
    return {
      total_requests: this.#total,
      successful_requests: this.#successful,
      failed_requests: this.#failed,
      cancelled_requests: this.#cancelled,
      fallback_requests: this.#fallback,
      rate_limited_requests: this.#rateLimited,
    };
  }
}

const CLIENT_LEFT = 499;
