import { startEventBatches } from '../bus/event-batches.ts';
import type { EventPublisher } from '../bus/events.ts';
import type { AccountingMode } from '../config/config.ts';
import { LIMITS } from '../config/limits.ts';
import type { Reservation, ReservedEvent } from '../schemas/ledger.ts';
import { subjects } from '../schemas/subjects.ts';

/** A reservation that was made. */
export interface Reserved {
  /** Its batch, for `send`. */
  readonly batch: number;
  /**
   * Resolves true once the upstream may be called: the reservation has left this process, and with `ACCOUNTING=strict` the
   * ledger's log has it. False = it cannot be had.
   */
  readonly acknowledged: Promise<boolean>;
}

/**
 * Tells the ledger which attempts are about to be made, many at once, and again while they last. Disposing it sends those that
 * wait.
 */
export interface Reservations extends Disposable {
  /** Never throws. */
  make(reservation: Reservation): Reserved;
  /** Sends a reservation that still waits: nothing about its attempt may overtake it. */
  send(reserved: Reserved): void;
  /** The attempt is over: its reservation is not renewed any more. */
  end(reserved: Reserved): void;
}

/** What tests change. */
export interface ReservationOptions {
  /** Milliseconds from one renewal to the next. */
  readonly renewMs?: number;
  /** Unix milliseconds. */
  readonly nowMs?: () => number;
}

/** Starts the reservations of a process. */
export function startReservations(
  events: Pick<EventPublisher, 'publish' | 'publishAcknowledged' | 'sendNow'>,
  mode: AccountingMode,
  { renewMs = LIMITS.reservationRenewMs, nowMs = Date.now }: ReservationOptions = {},
): Reservations {
  const batches = startEventBatches<Reservation>(events, {
    subject: subjects.reservedEvent(),
    kind: 'reserved',
    delayMsMax: LIMITS.reservedDelayMsMax,
    event: (id, reservations) => ({ v: 1, id, reservations }) satisfies ReservedEvent,
  });
  let lastBatch = 0;
  // One for all that are made in the same turn of the event loop: a process killed later was called nowhere unreserved.
  let leaving: Promise<boolean> | null = null;
  const leave = (): Promise<boolean> =>
    new Promise((resolve) => {
      setImmediate(() => {
        leaving = null;
        batches.send(lastBatch);
        events.sendNow();
        resolve(true);
      });
    });
  const underWay = new Map<Reserved, Reservation>();
  const timer = setInterval(() => {
    const renewedAtMs = nowMs();
    for (const reservation of underWay.values()) batches.add({ ...reservation, renewedAtMs });
  }, renewMs);
  timer.unref();
  return {
    make(reservation) {
      leaving ??= leave();
      const reserved =
        mode === 'strict'
          ? batches.addAcknowledged(reservation)
          : { batch: batches.add(reservation), acknowledged: leaving };
      lastBatch = reserved.batch;
      underWay.set(reserved, reservation);
      return reserved;
    },
    send: ({ batch }) => batches.send(batch),
    end: (reserved) => void underWay.delete(reserved),
    [Symbol.dispose]() {
      clearInterval(timer);
      batches[Symbol.dispose]();
    },
  };
}
