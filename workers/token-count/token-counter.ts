import { Worker } from 'node:worker_threads';
import { LIMITS } from '../../config/limits.ts';
import { BYTES_PER_TOKEN } from './rough-tokens.ts';
import type { CountAnswer, CountQuestion } from './thread-messages.ts';

// Enough for the vocabulary and the largest body, parsed; a runaway ends the thread, not the process.
const THREAD_HEAP_MB_MAX = 512;

/** What a count is for. */
export interface CountOptions {
  /** The model that would answer, in any provider's spelling. */
  readonly model: string;
  /** The answer when the body cannot be counted; without it the body's bytes decide. */
  readonly estimate?: number;
}

/** What a counter did so far, in answers. */
export interface TokenCounterStats {
  /** Counted by the thread. */
  readonly counted: number;
  /** Known from an equal body. */
  readonly known: number;
  /** Estimated without the thread: it was full, silent or dead, or the body was no JSON object. */
  readonly estimated: number;
}

/** Counts the input tokens of Messages requests. */
export interface TokenCounter extends AsyncDisposable {
  /**
   * Estimates the input tokens of a `messages` or `count_tokens` body, at least 1. The body is copied.
   * Never rejects: what cannot be counted is estimated by its size.
   */
  count(body: Uint8Array, options: CountOptions): Promise<number>;
  stats(): TokenCounterStats;
}

/** What a TokenCounter is made with. */
export interface TokenCounterSettings {
  /** The thread's code, for tests. */
  readonly thread?: URL;
}

/** Makes a counter. Its thread starts with the first count and is replaced when it dies. */
export function createTokenCounter(settings: TokenCounterSettings = {}): TokenCounter {
  return new ThreadedTokenCounter(settings.thread ?? new URL('count-thread.ts', import.meta.url));
}

interface Pending {
  readonly bytes: number;
  readonly estimate: number;
  resolve(tokens: number): void;
}

class ThreadedTokenCounter implements TokenCounter {
  readonly #code: URL;
  readonly #pending = new Map<number, Pending>();
  readonly #stats = { counted: 0, known: 0, estimated: 0 };
  #pendingBytes = 0;
  #lastId = 0;
  #thread: Worker | null = null;
  #silence: NodeJS.Timeout | null = null;
  #startAtMs = 0;
  #isClosed = false;

  constructor(code: URL) {
    this.#code = code;
  }

  count(body: Uint8Array, { model, estimate }: CountOptions): Promise<number> {
    const rough = Math.max(1, estimate ?? Math.round(body.length / BYTES_PER_TOKEN));
    const thread = this.#hasRoom(body.length) ? this.#running() : null;
    if (thread === null) {
      this.#stats.estimated++;
      return Promise.resolve(rough);
    }
    const { promise, resolve } = Promise.withResolvers<number>();
    const id = ++this.#lastId;
    this.#pending.set(id, { bytes: body.length, estimate: rough, resolve });
    this.#pendingBytes += body.length;
    // The thread gets a copy of its own: the body may be a view of a buffer that others use.
    const copy = new Uint8Array(body);
    thread.postMessage({ id, model, body: copy } satisfies CountQuestion, [copy.buffer]);
    this.#watch();
    return promise;
  }

  stats(): TokenCounterStats {
    return { ...this.#stats };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#giveUp();
  }

  #hasRoom(bytes: number): boolean {
    return (
      this.#pending.size < LIMITS.tokenCountsPendingMax &&
      this.#pendingBytes + bytes <= LIMITS.tokenCountsPendingBytesMax
    );
  }

  #running(): Worker | null {
    if (this.#thread !== null) return this.#thread;
    const nowMs = performance.now();
    if (this.#isClosed || nowMs < this.#startAtMs) return null;
    this.#startAtMs = nowMs + LIMITS.tokenThreadRestartMs;
    const thread = new Worker(this.#code, {
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB_MAX },
    });
    thread.on('message', (answer: CountAnswer) => this.#take(answer));
    // An error ends the thread: its exit follows.
    thread.on('error', () => undefined);
    thread.on('exit', () => {
      if (this.#thread === thread) void this.#giveUp();
    });
    this.#thread = thread;
    return thread;
  }

  #take({ id, tokens, isKnown }: CountAnswer): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    this.#pendingBytes -= pending.bytes;
    if (tokens === null) this.#stats.estimated++;
    else if (isKnown) this.#stats.known++;
    else this.#stats.counted++;
    pending.resolve(tokens ?? pending.estimate);
    this.#silence?.refresh();
    if (this.#pending.size === 0) this.#rest();
  }

  #watch(): void {
    this.#thread?.ref();
    this.#silence ??= setTimeout(() => void this.#giveUp(), LIMITS.tokenThreadSilenceMsMax);
  }

  // An idle thread does not keep the process alive.
  #rest(): void {
    this.#thread?.unref();
    if (this.#silence !== null) clearTimeout(this.#silence);
    this.#silence = null;
  }

  // Ends the thread and answers what waits for it. The next count starts another.
  async #giveUp(): Promise<void> {
    const thread = this.#thread;
    this.#rest();
    this.#thread = null;
    this.#startAtMs = performance.now() + LIMITS.tokenThreadRestartMs;
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    this.#pendingBytes = 0;
    this.#stats.estimated += waiting.length;
    for (const { estimate, resolve } of waiting) resolve(estimate);
    await thread?.terminate();
  }
}
