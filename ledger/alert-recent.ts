import { type LedgerStore, packed, unpacked } from '../bus/ledger-store.ts';
import type { Log } from '../bus/log.ts';
import { LIMITS } from '../config/limits.ts';
import { type Alert, type RecentAlerts, recentAlertsSchema } from '../schemas/alert.ts';
import { TOTALS_KEYS } from '../schemas/subjects.ts';

const TRIES_MAX = 5;

/** Keeps the last alerts where every ingress finds them. */
export class RecentAlertsKeeper {
  readonly #store: LedgerStore;
  readonly #log: Log;
  #unsaved: readonly Alert[] = [];
  #saving: Promise<void> | null = null;

  constructor(store: LedgerStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** Adds alerts, newest last. Never waits; what cannot be written is tried again with `retry`. */
  add(alerts: readonly Alert[]): void {
    this.#unsaved = [...alerts.toReversed(), ...this.#unsaved].slice(0, LIMITS.alertsRecentMax);
    this.retry();
  }

  /** Writes what is not written yet. */
  retry(): void {
    if (this.#unsaved.length === 0 || this.#saving !== null) return;
    this.#saving = this.#save()
      .catch((error: unknown) => this.#log.warn({ error }, 'recent alerts cannot be kept'))
      .finally(() => {
        this.#saving = null;
      });
  }

  /** Resolves when no writing is under way. */
  async settled(): Promise<void> {
    await this.#saving;
  }

  // Others may write, too: before a ledger has noticed that another one took over.
  async #save(): Promise<void> {
    for (let tries = 0; tries < TRIES_MAX && this.#unsaved.length > 0; tries += 1) {
      const fresh = this.#unsaved;
      const stored = await this.#store.read(TOTALS_KEYS.alerts);
      const known = stored === null ? [] : this.#readable(stored.bytes);
      const ids = new Set(fresh.map(({ id }) => id));
      const alerts = [...fresh, ...known.filter(({ id }) => !ids.has(id))];
      const value: RecentAlerts = { v: 1, alerts: alerts.slice(0, LIMITS.alertsRecentMax) };
      const after = stored?.revision ?? (await this.#store.revisionOf(TOTALS_KEYS.alerts));
      const bytes = packed(JSON.stringify(value));
      if ((await this.#store.put(TOTALS_KEYS.alerts, bytes, after)) === null) continue;
      this.#unsaved = this.#unsaved.filter((alert) => !fresh.includes(alert));
    }
  }

  #readable(bytes: Uint8Array): readonly Alert[] {
    try {
      return recentAlertsSchema.parse(JSON.parse(unpacked(bytes))).alerts;
    } catch (error) {
      this.#log.error({ error }, 'the recent alerts cannot be read and are replaced');
      return [];
    }
  }
}
