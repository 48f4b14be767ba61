import { z } from 'zod';
import type { RequestFacts } from '../../schemas/envelope.ts';
import { REQUEST_CLASSES, type RequestClass } from '../../schemas/request-class.ts';
import { readEntries } from './snapshot-entries.ts';

/** Output tokens of a class before any was seen. */
const SEEDS: Readonly<Record<RequestClass, number>> = {
  main: 700,
  subagent: 500,
  title: 40,
  search: 500,
  compaction: 2_500,
  auxiliary: 100,
};
/** The share of the newest answer in the mean: the last 20 or so make it. */
const NEWEST_SHARE = 0.05;

const entrySchema = z.tuple([z.enum(REQUEST_CLASSES), z.number().min(0)]);

/** How many output tokens requests of a class make: means in which the last twenty or so answers count. */
export class OutputSizes {
  readonly #means = new Map<RequestClass, number>();

  /** Numbers of tokens that are none change nothing. */
  record(requestClass: RequestClass, outputTokens: number): void {
    if (!Number.isFinite(outputTokens) || outputTokens < 0) return;
    const mean = this.#mean(requestClass);
    this.#means.set(requestClass, mean + (outputTokens - mean) * NEWEST_SHARE);
  }

  /** Tokens, whole; at most the request's `max_tokens` when it has one. */
  expected({
    requestClass,
    maxOutputTokens,
  }: Pick<RequestFacts, 'requestClass' | 'maxOutputTokens'>): number {
    const mean = Math.round(this.#mean(requestClass));
    return maxOutputTokens > 0 ? Math.min(mean, maxOutputTokens) : mean;
  }

  /** JSON. It ages with answers, not with time. */
  snapshot(_nowMs?: number): unknown {
    return [...this.#means];
  }

  /** Replaces what was learned; entries that are nonsense are left out. */
  restore(json: unknown, _nowMs?: number): void {
    this.#means.clear();
    for (const [requestClass, mean] of readEntries(json, entrySchema)) {
      this.#means.set(requestClass, mean);
    }
  }

  #mean(requestClass: RequestClass): number {
    return this.#means.get(requestClass) ?? SEEDS[requestClass];
  }
}
