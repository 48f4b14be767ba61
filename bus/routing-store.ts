import { LIMITS } from '../config/limits.ts';
import { GatewayError } from '../schemas/error.ts';
import { type HealthReport, NO_SETTINGS, type RoutingSettings } from '../schemas/routing.ts';
import type { Bus } from './connect.ts';
import { isKeyConflict } from './key-conflict.ts';
import { type WatchedKey, watchKey } from './key-watch.ts';
import { LastingBucket } from './lasting-bucket.ts';
import type { Log } from './log.ts';
import { openStateBucket, readSettings, STATE_KEYS } from './state-values.ts';

/** What routers share through bucket `gw-state`. Disposing it stops the watching. */
export interface RoutingStore extends AsyncDisposable {
  /** As last read; nothing set, until something was read. */
  settings(): RoutingSettings;
  /** Reads them from the bucket; only for the start, the watch does it from then on. Throws when the store does not answer. */
  readSettings(): Promise<RoutingSettings>;
  /** Called whenever settings were read anew. Returns the function that removes the listener. */
  onSettings(listener: (settings: RoutingSettings) => void): () => void;
  /**
   * Changes the settings for all routers and resolves once that is stored.
   *
   * @throws GatewayError 503 `api_error`: the store does not answer, or others changed them again and again.
   */
  updateSettings(change: (settings: RoutingSettings) => RoutingSettings): Promise<RoutingSettings>;
  /** The snapshot as JSON; null = there is none. Throws when the store does not answer. */
  readSnapshot(): Promise<StoredSnapshot | null>;
  /**
   * Writes the snapshot unless it was written since `after`, the revision that this writer wrote or read last. Resolves
   * with the new revision; null = somebody else wrote it. Throws when the store does not answer.
   */
  putSnapshot(json: string, after: number): Promise<number | null>;
  /** Where conversations are at home, as JSON; null = it was never written. Throws when the store does not answer. */
  readConversations(): Promise<StoredSnapshot | null>;
  /** Throws when the store does not answer. */
  putConversations(json: string): Promise<void>;
  /** Throws when the store does not answer. */
  putHealth(report: HealthReport): Promise<void>;
}

/** What routers kept, with its revision in the bucket. */
export interface StoredSnapshot {
  readonly json: string;
  readonly revision: number;
}

/** Opens the store; returns at once, whether JetStream answers or not. The bucket is made when it is missing. */
export function startRoutingStore(bus: Bus, { log }: { readonly log: Log }): RoutingStore {
  return new KeyValueStore(bus, log);
}

class KeyValueStore implements RoutingStore {
  readonly #log: Log;
  readonly #watch: WatchedKey;
  readonly #listeners = new Set<(settings: RoutingSettings) => void>();
  readonly #bucket: LastingBucket;
  #settings: RoutingSettings = NO_SETTINGS;

  constructor(bus: Bus, log: Log) {
    this.#bucket = new LastingBucket(bus, openStateBucket);
    this.#log = log;
    this.#watch = watchKey(bus, {
      key: STATE_KEYS.settings,
      log,
      open: () => openStateBucket(bus),
      onValue: (value) => {
        this.#settings = readSettings(value);
        for (const listener of this.#listeners) listener(this.#settings);
      },
    });
  }

  settings(): RoutingSettings {
    return this.#settings;
  }

  async readSettings(): Promise<RoutingSettings> {
    const entry = await this.#bucket.use((kv) => kv.get(STATE_KEYS.settings));
    if (entry !== null && entry.operation === 'PUT') this.#watch.told(entry.value, entry.revision);
    return this.#settings;
  }

  onSettings(listener: (settings: RoutingSettings) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async updateSettings(
    change: (settings: RoutingSettings) => RoutingSettings,
  ): Promise<RoutingSettings> {
    for (let tries = 0; tries < LIMITS.settingsTriesMax; tries += 1) {
      const changed = await this.#changeOnce(change).catch((error: unknown) => {
        throw unavailable('the settings could not be stored: JetStream does not answer', error);
      });
      if (changed !== null) return changed;
    }
    throw unavailable('the settings were changed by others at the same time; try again');
  }

  readSnapshot(): Promise<StoredSnapshot | null> {
    return this.#read(STATE_KEYS.snapshot);
  }

  async putSnapshot(json: string, after: number): Promise<number | null> {
    try {
      return await this.#bucket.use((kv) =>
        kv.put(STATE_KEYS.snapshot, json, { previousSeq: after }),
      );
    } catch (error) {
      if (isKeyConflict(error)) return null;
      throw error;
    }
  }

  readConversations(): Promise<StoredSnapshot | null> {
    return this.#read(STATE_KEYS.conversations);
  }

  async putConversations(json: string): Promise<void> {
    await this.#bucket.use((kv) => kv.put(STATE_KEYS.conversations, json));
  }

  async putHealth(report: HealthReport): Promise<void> {
    await this.#bucket.use((kv) => kv.put(STATE_KEYS.health, JSON.stringify(report)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#watch[Symbol.asyncDispose]());
  }

  async #read(key: string): Promise<StoredSnapshot | null> {
    const entry = await this.#bucket.use((kv) => kv.get(key));
    return entry === null ? null : { json: entry.string(), revision: entry.revision };
  }

  // Null = somebody else was faster.
  async #changeOnce(
    change: (settings: RoutingSettings) => RoutingSettings,
  ): Promise<RoutingSettings | null> {
    const entry = await this.#bucket.use((kv) => kv.get(STATE_KEYS.settings));
    const isSet = entry !== null && entry.operation === 'PUT';
    const changed = change(isSet ? this.#readable(entry.value) : NO_SETTINGS);
    const value = Buffer.from(JSON.stringify(changed));
    const previousSeq = entry?.revision ?? 0;
    try {
      const revision = await this.#bucket.use((kv) =>
        kv.put(STATE_KEYS.settings, value, { previousSeq }),
      );
      this.#watch.told(value, revision);
      return changed;
    } catch (error) {
      if (isKeyConflict(error)) return null;
      throw error;
    }
  }

  // What no router wrote must not keep the operator from setting anything.
  #readable(value: Uint8Array): RoutingSettings {
    try {
      return readSettings(value);
    } catch (error) {
      this.#log.error({ error }, 'settings cannot be read and are replaced');
      return NO_SETTINGS;
    }
  }
}

function unavailable(message: string, cause?: unknown): GatewayError {
  return new GatewayError('api_error', message, { status: 503, cause });
}
