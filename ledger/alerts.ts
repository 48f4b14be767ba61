import type { Bus } from '../bus/connect.ts';
import type { EventPublisher } from '../bus/events.ts';
import { createLedgerStore, type LedgerStore } from '../bus/ledger-store.ts';
import type { Log } from '../bus/log.ts';
import { LIMITS } from '../config/limits.ts';
import type { AlertSettings } from '../config/load-alerts.ts';
import type { Alert } from '../schemas/alert.ts';
import { subjects } from '../schemas/subjects.ts';
import { crossings } from './alert-crossings.ts';
import { HourHistory } from './alert-history.ts';
import { RecentAlertsKeeper } from './alert-recent.ts';
import { alertId, alertOf, type Crossing } from './alert-text.ts';
import { forecastCrossing, riseCrossing } from './alert-trends.ts';
import type { Ledger } from './ledger.ts';
import type { LedgerState } from './state/ledger-state.ts';
import { totalsOf } from './state/selectors.ts';
import { startWebhook, type Webhook } from './webhook.ts';

/** What telling alerts needs. */
export interface AlertOptions {
  readonly ledger: Ledger;
  readonly settings: AlertSettings;
  readonly events: Pick<EventPublisher, 'publish'>;
  readonly log: Log;
}

/**
 * Tells when spending crosses a line: on core NATS, in stream EV, in the log, on the webhook and in the list that `GET /stats`
 * shows. Of several ledgers the active one does. What was told is a mark in the ledger's state, so a restart tells nothing
 * twice. Disposing it ends it.
 */
export function startAlerts(bus: Bus, options: AlertOptions): AsyncDisposable {
  const stack = new AsyncDisposableStack();
  const { ledger, settings, log } = options;
  const store = createLedgerStore(bus);
  const recent = new RecentAlertsKeeper(store, log);
  stack.defer(() => recent.settled());
  const webhook =
    settings.webhook === null ? null : stack.use(startWebhook(settings.webhook, { log }));
  const teller = new AlertTeller(bus, { ...options, store, recent, webhook });
  let soon: NodeJS.Timeout | null = null;
  const lookSoon = (): void => {
    soon ??= setTimeout(() => {
      soon = null;
      teller.look(Date.now());
    }, LIMITS.alertDelayMs).unref();
  };
  stack.defer(ledger.onFolded(lookSoon));
  const timer = setInterval(() => {
    teller.look(Date.now());
    recent.retry();
  }, LIMITS.alertCheckMs);
  timer.unref();
  stack.defer(() => clearInterval(timer));
  stack.defer(() => {
    if (soon !== null) clearTimeout(soon);
  });
  return stack;
}

interface TellerOptions extends AlertOptions {
  readonly store: LedgerStore;
  readonly recent: RecentAlertsKeeper;
  readonly webhook: Webhook | null;
}

class AlertTeller {
  readonly #bus: Bus;
  readonly #options: TellerOptions;
  readonly #history: HourHistory;
  /** Ids, oldest first: those of which the log has no mark yet, and those whose marks were forgotten. */
  readonly #told = new Set<string>();

  constructor(bus: Bus, options: TellerOptions) {
    this.#bus = bus;
    this.#options = options;
    this.#history = new HourHistory(options.store, options.log);
  }

  /** Tells what is crossed and was not told. `nowMs` in Unix milliseconds. */
  look(nowMs: number): void {
    const { ledger } = this.#options;
    if (!ledger.isActive || !ledger.isCaughtUp) return;
    const { state } = ledger;
    const fresh = this.#crossed(state, nowMs).filter((crossing) => {
      const id = alertId(crossing);
      return !state.marks.has(id) && !this.#told.has(id);
    });
    if (fresh.length === 0) return;
    const alerts = fresh.map((crossing) => alertOf(crossing, nowMs));
    for (const alert of alerts) this.#tell(alert);
    this.#options.recent.add(alerts);
  }

  #crossed(state: LedgerState, nowMs: number): readonly Crossing[] {
    const { rules, dailyPicodollars } = this.#options.settings;
    const spentIn = (period: string) => totalsOf(state, 'all', period).picodollars;
    const found = [...crossings(state, rules, nowMs)];
    if (dailyPicodollars !== null) {
      const forecast = forecastCrossing(spentIn, dailyPicodollars, nowMs);
      if (forecast !== null) found.push(forecast);
    }
    const usual = this.#history.usualAt(nowMs);
    const rise = usual === null ? null : riseCrossing(spentIn, usual, nowMs);
    if (rise !== null) found.push(rise);
    return found;
  }

  #tell(alert: Alert): void {
    const { events, log, webhook } = this.#options;
    const { id, scope, period, message } = alert;
    this.#told.add(id);
    if (this.#told.size > LIMITS.alertsToldMax) {
      for (const oldest of this.#told.values().take(1)) this.#told.delete(oldest);
    }
    this.#bus.publish(subjects.alert(scope, period), Buffer.from(JSON.stringify(alert)));
    events.publish(subjects.alertEvent(), id, alert);
    log.warn({ id }, message);
    webhook?.post(alert);
  }
}
