import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS } from '../../limits.ts';
import { type ListInUse, SHIPPED_LIST } from '../list-table.ts';
import { download } from './download.ts';
import { type KeptList, readKeptList, writeKeptList } from './kept-list.ts';
import { checkPublishedList, PriceListError } from './published-list.ts';
import { publishedTable } from './published-table.ts';
import { vetList } from './vet-list.ts';

/** Where the list is read anew from. */
export interface PriceRefreshSettings {
  readonly url: string;
}

/** The part of the process's logger that is used here. */
export interface RefreshLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** What a refresh needs; the last ones are for tests, the limits are their defaults. */
export interface PriceRefreshOptions {
  /** Null = prices are those that ship: nothing is read and nobody is asked. */
  readonly settings: PriceRefreshSettings | null;
  readonly dataDir: string;
  readonly log: RefreshLog;
  readonly now?: () => number;
  readonly random?: () => number;
  /** Resolves after so many milliseconds, or when the signal is aborted. */
  readonly wait?: (waitMs: number, signal: AbortSignal) => Promise<void>;
  readonly readMsMax?: number;
}

/** A list that is kept up to date. Disposing it ends what is under way. */
export interface PriceRefresh extends AsyncDisposable {
  readonly list: ListInUse;
}

/**
 * Starts to keep the list up to date: what the data folder has is used when this resolves, be it old; once it is older than
 * `priceListFreshMs` the first process of those that share the folder asks for a newer edition, the others find it there.
 * Whatever goes wrong, the prices in use stay, with a warning in the log. Never rejects.
 */
export async function startPriceRefresh(options: PriceRefreshOptions): Promise<PriceRefresh> {
  const { settings } = options;
  if (settings === null) return { list: SHIPPED_LIST, async [Symbol.asyncDispose]() {} };
  const refresh = new Refresh(settings, options);
  await refresh.takeKept();
  refresh.run();
  return refresh;
}

/** The list that the gateway of this data folder uses. Never rejects. */
export async function readListInUse(options: PriceRefreshOptions): Promise<ListInUse> {
  const { settings } = options;
  if (settings === null) return SHIPPED_LIST;
  const refresh = new Refresh(settings, options);
  await refresh.takeKept();
  return refresh.list;
}

class Refresh implements PriceRefresh {
  #list: ListInUse = SHIPPED_LIST;
  readonly list: ListInUse;
  readonly #url: string;
  readonly #options: PriceRefreshOptions;
  readonly #now: () => number;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #kept: KeptList | null = null;
  /** What the log was told last, by what it is about: a failure that lasts is told once. */
  readonly #told = new Map<string, string>();

  constructor({ url }: PriceRefreshSettings, options: PriceRefreshOptions) {
    this.#url = url;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    const inUse = (): ListInUse => this.#list;
    this.list = {
      get table() {
        return inUse().table;
      },
      get checkedAtMs() {
        return inUse().checkedAtMs;
      },
    };
  }

  /** Takes the list of the data folder where it is newer than ours. */
  async takeKept(): Promise<void> {
    await this.#tried('the list of prices that was kept is not used', async () => {
      const kept = await readKeptList(this.#options.dataDir);
      if (kept !== null && kept.checkedAtMs > (this.#kept?.checkedAtMs ?? -1)) this.#take(kept);
    });
  }

  run(): void {
    this.#running = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { wait = waitFor, random = Math.random } = this.#options;
    let pauseMs = this.#dueInMs();
    while (!signal.aborted) {
      await wait(pauseMs + random() * LIMITS.priceListSpreadMsMax, signal);
      if (signal.aborted) return;
      // Another process may have asked meanwhile.
      await this.takeKept();
      const isFresh = this.#dueInMs() > 0 || (await this.#refresh());
      pauseMs = isFresh ? this.#dueInMs() : LIMITS.priceListRetryMs;
    }
  }

  // A list of the future is one of a clock that was wrong.
  #dueInMs(): number {
    if (this.#kept?.url !== this.#url) return 0;
    const ageMs = this.#now() - this.#kept.checkedAtMs;
    return ageMs < 0 ? 0 : Math.max(0, LIMITS.priceListFreshMs - ageMs);
  }

  async #refresh(): Promise<boolean> {
    const isRead = await this.#tried('prices cannot be refreshed: they stay', async () => {
      const kept = this.#kept?.url === this.#url ? this.#kept : null;
      const came = await download({
        url: this.#url,
        etag: kept?.etag ?? null,
        signal: this.#stop.signal,
        readMsMax: this.#options.readMsMax ?? LIMITS.priceListReadMsMax,
      });
      const checkedAtMs = this.#now();
      if (came !== null) {
        const providers = this.#vetted(came.json);
        this.#take({ url: this.#url, etag: came.etag, checkedAtMs, providers });
      } else if (kept !== null) {
        this.#take({ ...kept, checkedAtMs });
      }
    });
    const kept = this.#kept;
    if (!isRead || kept === null) return false;
    await this.#tried('the list of prices cannot be kept', () =>
      writeKeptList(this.#options.dataDir, kept),
    );
    return true;
  }

  #vetted(json: unknown): KeptList['providers'] {
    const { providers, mistakes } = vetList(checkPublishedList(json), this.#list.table);
    if (mistakes.length > 0) {
      this.#options.log.warn(
        { models: mistakes },
        'prices that moved too far are taken for mistakes: those of before stay',
      );
    }
    return providers;
  }

  #take(kept: KeptList): void {
    const table =
      kept.providers === this.#kept?.providers ? this.#list.table : publishedTable(kept.providers);
    const isSame = table.version === this.#list.table.version;
    this.#kept = kept;
    // The same edition stays the same table: what was looked up in it stays known.
    this.#list = { table: isSame ? this.#list.table : table, checkedAtMs: kept.checkedAtMs };
    if (!isSame) this.#options.log.info({ list: table.version }, 'a newer list of prices is used');
  }

  async #tried(failure: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      this.#told.delete(failure);
      return true;
    } catch (error) {
      const reason = reasonOf(error);
      if (!this.#stop.signal.aborted && this.#told.get(failure) !== reason) {
        this.#told.set(failure, reason);
        this.#options.log.warn({ reason }, failure);
      }
      return false;
    }
  }
}

// It rejects only when the signal is aborted.
function waitFor(waitMs: number, signal: AbortSignal): Promise<void> {
  return sleep(waitMs, undefined, { signal, ref: false }).catch(() => {});
}

function reasonOf(error: unknown): string {
  if (error instanceof PriceListError) return error.message;
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
