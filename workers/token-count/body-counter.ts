import { createHash } from 'node:crypto';
import { Tokenizer } from 'ai-tokenizer';
import * as claude from 'ai-tokenizer/encoding/claude';
import { LRUCache } from 'lru-cache';
import { LIMITS } from '../../config/limits.ts';
import { asBuffer, isJsonObject, parseJson } from '../json.ts';
import { CountBudget } from './count-budget.ts';
import { countPrompt } from './count-prompt.ts';
import { promptCosts } from './prompt-costs.ts';
import { TextMeter } from './text-meter.ts';

// Pieces the tokenizer remembers, of at most a slice each: some MB in the worst case, not its default of some GB.
const REMEMBERED_PIECES_MAX = 4_000;

/** A counted body. `tokens` is null when the body is no JSON object or too deep to be read. */
export interface BodyCount {
  readonly tokens: number | null;
  /** True when an equal body was counted before. */
  readonly isKnown: boolean;
}

/** Counts request bodies with a tokenizer, and remembers them by digest. Blocks for up to the time budget. */
export class BodyCounter {
  readonly #tokenizer = new Tokenizer(claude, {}, REMEMBERED_PIECES_MAX);
  readonly #known = new LRUCache<string, number>({ max: LIMITS.tokenCountsKnownMax });
  readonly #budget = new CountBudget();

  /** Counts a body for a model, or says what it counted before. */
  count(body: Uint8Array, model: string): BodyCount {
    this.#budget.begin(performance.now());
    const counted = this.#count(body, model);
    this.#budget.end(performance.now());
    return counted;
  }

  #count(body: Uint8Array, model: string): BodyCount {
    const digest = createHash('sha256').update(`${model}\n`).update(body).digest('base64');
    const known = this.#known.get(digest);
    if (known !== undefined) return { tokens: known, isKnown: true };
    const request = parseJson(asBuffer(body).toString());
    if (!isJsonObject(request)) return { tokens: null, isKnown: false };
    const costs = promptCosts(model);
    const { deadlineMs, isShort } = this.#budget.deadline(performance.now());
    const meter = new TextMeter(this.#tokenizer, {
      factor: costs.factor,
      deadlineMs,
      nowMs: () => performance.now(),
    });
    const tokens = countOrNull(() => countPrompt(request, { meter, costs }));
    // A count that had less time than others may have may be better the next time.
    if (tokens !== null && !(meter.isLate && isShort)) this.#known.set(digest, tokens);
    return { tokens, isKnown: false };
  }
}

// Values nested deeper than the stack reaches are left to the estimate; the thread and what waits for it live on.
function countOrNull(count: () => number): number | null {
  try {
    return count();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
