import type { PriceList } from '../../config/prices/price-list.ts';
import type { SandboxControl } from '../../sandbox/control.ts';
import { CACHE_FACTORS, openrouterPrices } from '../../sandbox/dialects/openrouter-cost.ts';
import type { RecordedRequest } from '../../sandbox/recorded-request.ts';
import { type Picodollars, parseUsd } from '../../schemas/money.ts';
import { adapterOf } from '../../schemas/provider.ts';
import { sessionIn } from './marks.ts';

/** A call as a provider saw it. */
export interface SeenCall {
  readonly session: string;
  readonly record: RecordedRequest;
}

/** Collects what the providers saw before they forget it: call `collect` at least every thousand requests. */
export class SeenCalls {
  readonly #control: SandboxControl;
  readonly #collected = new Set<number>();
  readonly all: SeenCall[] = [];

  constructor(control: SandboxControl) {
    this.#control = control;
  }

  collect(): void {
    for (const record of this.#control.requests) {
      if (this.#collected.has(record.sequence)) continue;
      this.#collected.add(record.sequence);
      const session = sessionIn(record.body);
      if (session !== null) this.all.push({ session, record });
    }
  }
}

/**
 * What a provider would bill for a call: the prompt as it was counted and the tokens that were given to the socket, added up
 * here and not by the gateway; 0 = it was refused.
 */
export function billOf(record: RecordedRequest, prices: PriceList): Picodollars {
  const isOpenrouter = adapterOf(record.provider) === 'openrouter';
  return isOpenrouter ? openrouterBill(record) : listedBillOf(record, prices);
}

/** The same by the price list, also where a provider takes prices of its own: no estimate can know those. */
export function listedBillOf(record: RecordedRequest, prices: PriceList): Picodollars {
  const { input, tokensSent, provider, model } = record;
  if (input === null) return 0n;
  const upstreamModel = model ?? '';
  const { inputTokens, cacheReadTokens, cacheWrite5mTokens, cacheWrite1hTokens } = input;
  const rates = prices.pricesOf({
    provider,
    upstreamModel,
    inputTokens: inputTokens + cacheReadTokens + cacheWrite5mTokens + cacheWrite1hTokens,
    atMs: record.startedAtMs,
  });
  return (
    BigInt(inputTokens) * rates.input +
    BigInt(cacheReadTokens) * rates.cacheRead +
    BigInt(cacheWrite5mTokens) * rates.cacheWrite5m +
    BigInt(cacheWrite1hTokens) * rates.cacheWrite1h +
    BigInt(tokensSent) * rates.output
  );
}

// OpenRouter says itself what it takes, as a floating-point number of dollars: its digits are the bill.
function openrouterBill({ input, tokensSent, model }: RecordedRequest): Picodollars {
  if (input === null) return 0n;
  const [inputPrice, outputPrice] = openrouterPrices(model ?? '');
  const inputUnits =
    input.inputTokens +
    input.cacheReadTokens * CACHE_FACTORS.read +
    input.cacheWrite5mTokens * CACHE_FACTORS.write5m +
    input.cacheWrite1hTokens * CACHE_FACTORS.write1h;
  return parseUsd(String((inputUnits * inputPrice + tokensSent * outputPrice) / 1_000_000));
}
