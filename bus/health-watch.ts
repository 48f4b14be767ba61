import { type HealthReport, NO_SETTINGS, type RoutingSettings } from '../schemas/routing.ts';
import type { Bus } from './connect.ts';
import { type KeyWatchOptions, watchKey } from './key-watch.ts';
import type { Log } from './log.ts';
import { openStateBucket, readHealth, readSettings, STATE_KEYS } from './state-values.ts';

/** How providers do and what the operator set, as the routers last wrote it. Disposing it stops the watching. */
export interface HealthWatch extends AsyncDisposable {
  /** Null = no router has reported yet. Its `atMs` says how old it is. */
  latest(): HealthReport | null;
  /** Nothing set, until something was read. */
  settings(): RoutingSettings;
}

/** Starts watching; returns at once, whether JetStream answers or not. What cannot be read is logged, and the last stays. */
export function watchHealth(bus: Bus, { log }: { readonly log: Log }): HealthWatch {
  let report: HealthReport | null = null;
  let settings = NO_SETTINGS;
  const follow = (key: string, onValue: KeyWatchOptions['onValue']) =>
    watchKey(bus, { key, log, open: () => openStateBucket(bus), onValue });
  const watches = [
    follow(STATE_KEYS.health, (value) => {
      report = readHealth(value);
    }),
    follow(STATE_KEYS.settings, (value) => {
      settings = readSettings(value);
    }),
  ];
  return {
    latest: () => report,
    settings: () => settings,
    async [Symbol.asyncDispose]() {
      for (const watch of watches) await watch[Symbol.asyncDispose]();
    },
  };
}
