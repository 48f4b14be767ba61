import { LIMITS } from '../../config/limits.ts';
import { costOf } from '../../config/prices/cost.ts';
import type { PriceList } from '../../config/prices/price-list.ts';
import type { Usage } from '../../schemas/usage.ts';
import { tallyAt } from '../reports/kept-totals.ts';
import { emptyTally, type RunningTally } from '../state/tally.ts';
import { MessageIds } from './message-ids.ts';
import type { TranscriptMessage } from './transcript-message.ts';

/** What transcripts tell, beside what the gateway counted. */
export interface TranscriptTotals {
  /** Messages of the transcripts that went through the gateway: the ledger has their cost. */
  readonly throughGateway: number;
  /** The others. Their cost is what Anthropic's list says, where a line has none. */
  readonly outside: RunningTally;
  /** The same by model. */
  readonly outsideByModel: ReadonlyMap<string, RunningTally>;
}

/** What messages are counted with. */
export interface OutsideContext {
  /** What went through the gateway. */
  readonly gateway: MessageIds;
  readonly prices: PriceList;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** Counts messages of transcripts, each once: whether the gateway, the same file or another one tells of it again. */
export class OutsideMessages {
  readonly #context: OutsideContext;
  readonly #counted = new MessageIds();
  /** Messages of the open file whose last line may be to come: their counts grow from line to line. */
  readonly #pending = new Map<string, TranscriptMessage>();
  readonly #outside = emptyTally();
  readonly #byModel = new Map<string, RunningTally>();
  #throughGateway = 0;

  constructor(context: OutsideContext) {
    this.#context = context;
  }

  /** The sums over all files that have ended. */
  get totals(): TranscriptTotals {
    return {
      throughGateway: this.#throughGateway,
      outside: this.#outside,
      outsideByModel: this.#byModel,
    };
  }

  /** Takes the message of the next line of a file. */
  add(message: TranscriptMessage): void {
    const key = `${message.messageId} ${message.requestId ?? ''}`;
    const before = this.#pending.get(key);
    this.#pending.delete(key);
    const isLess = before !== undefined && tokensOf(message.usage) < tokensOf(before.usage);
    this.#pending.set(key, isLess ? before : message);
    if (this.#pending.size <= LIMITS.transcriptPendingMax) return;
    for (const [oldest, pending] of this.#pending) {
      this.#pending.delete(oldest);
      this.#count(pending);
      return;
    }
  }

  /** The file has ended. */
  endFile(): void {
    for (const message of this.#pending.values()) this.#count(message);
    this.#pending.clear();
  }

  #count(message: TranscriptMessage): void {
    const { gateway, sinceMs, untilMs } = this.#context;
    if (message.atMs < sinceMs || message.atMs >= untilMs || tokensOf(message.usage) === 0) return;
    if (this.#counted.has(message)) return;
    this.#counted.add(message);
    if (gateway.has(message)) {
      this.#throughGateway += 1;
      return;
    }
    addMessage(this.#outside, this.#priced(message));
    addMessage(tallyAt(this.#byModel, this.#modelKey(message.model)), this.#priced(message));
  }

  #priced(message: TranscriptMessage): Priced {
    const { usage, atMs, model, picodollars } = message;
    if (picodollars !== null) return { usage, picodollars, isEstimated: false };
    const context = {
      provider: 'anthropic',
      upstreamModel: model,
      responseModel: null,
      raw: null,
    } as const;
    const cost = costOf(usage, { ...context, atMs }, this.#context.prices);
    return { usage, picodollars: cost.picodollars, isEstimated: true };
  }

  #modelKey(model: string): string {
    const isFull = this.#byModel.size >= LIMITS.ledgerKeysMax && !this.#byModel.has(model);
    return isFull ? 'other' : model;
  }
}

interface Priced {
  readonly usage: Usage;
  readonly picodollars: bigint;
  readonly isEstimated: boolean;
}

function addMessage(tally: RunningTally, { usage, picodollars, isEstimated }: Priced): void {
  tally.picodollars += picodollars;
  tally.entries += 1;
  if (isEstimated) {
    tally.estimatedPicodollars += picodollars;
    tally.estimatedEntries += 1;
  }
  tally.inputTokens += usage.inputTokens;
  tally.cacheReadInputTokens += usage.cacheReadInputTokens;
  tally.cacheCreation5mInputTokens += usage.cacheCreation5mInputTokens;
  tally.cacheCreation1hInputTokens += usage.cacheCreation1hInputTokens;
  tally.outputTokens += usage.outputTokens;
  tally.webSearchRequests += usage.webSearchRequests;
}

function tokensOf(usage: Usage): number {
  return (
    usage.inputTokens +
    usage.cacheReadInputTokens +
    usage.cacheCreation5mInputTokens +
    usage.cacheCreation1hInputTokens +
    usage.outputTokens
  );
}
