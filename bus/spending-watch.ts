import { type Alert, recentAlertsSchema } from '../schemas/alert.ts';
import { type SpendingReport, spendingReportSchema } from '../schemas/budget.ts';
import { TOTALS_KEYS } from '../schemas/subjects.ts';
import type { Bus } from './connect.ts';
import { type KeyWatchOptions, watchKey } from './key-watch.ts';
import { openTotalsBucket, unpacked } from './ledger-store.ts';
import type { Log } from './log.ts';

/** What was spent and which alerts there were, as the ledger last wrote it. Disposing it stops the watching. */
export interface SpendingWatch extends AsyncDisposable {
  /** Null = no ledger has reported yet. Its `atMs` says how old it is. */
  latest(): SpendingReport | null;
  /** The last ones, newest first. */
  alerts(): readonly Alert[];
}

/** What watching needs. */
export interface SpendingWatchOptions {
  readonly log: Log;
  /** Told every report. */
  readonly onReport?: (report: SpendingReport) => void;
}

/** Starts watching; returns at once, whether JetStream answers or not. What cannot be read is logged, and the last stays. */
export function watchSpending(bus: Bus, { log, onReport }: SpendingWatchOptions): SpendingWatch {
  let report: SpendingReport | null = null;
  let alerts: readonly Alert[] = [];
  const follow = (key: string, onValue: KeyWatchOptions['onValue']) =>
    watchKey(bus, { key, log, open: () => openTotalsBucket(bus), onValue });
  const watches = [
    follow(TOTALS_KEYS.budget, (value) => {
      if (value.length === 0) return;
      report = spendingReportSchema.parse(JSON.parse(unpacked(value)));
      onReport?.(report);
    }),
    follow(TOTALS_KEYS.alerts, (value) => {
      alerts =
        value.length === 0 ? [] : recentAlertsSchema.parse(JSON.parse(unpacked(value))).alerts;
    }),
  ];
  return {
    latest: () => report,
    alerts: () => alerts,
    async [Symbol.asyncDispose]() {
      for (const watch of watches) await watch[Symbol.asyncDispose]();
    },
  };
}
