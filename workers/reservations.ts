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
  /** Resolves true once the ledger's log has it, false when it cannot be had; null = nobody needs to wait. */
  readonly acknowledged: Promise<boolean> | null;
}

/** Tells the ledger which attempts are about to be made, many at once. Disposing it sends those that wait. */
export interface Reservations extends Disposable {
  /** Never throws. */
  make(reservation: Reservation): Reserved;
  /** Sends a reservation that still waits: nothing about its attempt may overtake it. */
  send(reserved: Reserved): void;
}

/** Starts the reservations of a process. */
export function startReservations(
  events: Pick<EventPublisher, 'publish' | 'publishAcknowledged'>,
  mode: AccountingMode,
): Reservations {
  const batches = startEventBatches<Reservation>(events, {
    subject: subjects.reservedEvent(),
    kind: 'reserved',
    delayMsMax: LIMITS.reservedDelayMsMax,
    event: (id, reservations) => ({ v: 1, id, reservations }) satisfies ReservedEvent,
  });
  return {
    make: (reservation) =>
      mode === 'strict'
        ? batches.addAcknowledged(reservation)
        : { batch: batches.add(reservation), acknowledged: null },
    send: ({ batch }) => batches.send(batch),
    [Symbol.dispose]: () => batches[Symbol.dispose](),
  };
}
