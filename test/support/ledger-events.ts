import type { Bus } from '../../bus/connect.ts';
import {
  type RequestOutcome,
  type Reservation,
  requestEventSchema,
  reservedEventSchema,
} from '../../schemas/ledger.ts';
import { subjects } from '../../schemas/subjects.ts';
import { type UsageEvent, usageEventSchema } from '../../schemas/usage.ts';
import { readEventStream } from './gateway.ts';

/** What the ledger is told, as stream EV holds it. */
export interface LedgerEvents {
  readonly reservations: readonly Reservation[];
  readonly finals: readonly UsageEvent[];
  readonly outcomes: readonly RequestOutcome[];
  /** Ids of attempts: `reserved` and `ended` in the stream's order. */
  readonly order: readonly string[];
}

/** Reads what the ledger is told from stream EV. Throws when an event is not what its schema says. */
export async function readLedgerEvents(bus: Bus): Promise<LedgerEvents> {
  const reservations: Reservation[] = [];
  const finals: UsageEvent[] = [];
  const outcomes: RequestOutcome[] = [];
  const order: string[] = [];
  for (const { subject, json } of await readEventStream(bus)) {
    if (subject === subjects.reservedEvent()) {
      const event = reservedEventSchema.parse(json);
      reservations.push(...event.reservations);
      order.push(...event.reservations.map(({ attemptId }) => `${attemptId} reserved`));
    } else if (subject === subjects.requestEvent()) {
      outcomes.push(...requestEventSchema.parse(json).outcomes);
    } else {
      const event = usageEventSchema.parse(json);
      finals.push(event);
      order.push(`${event.requestId}.${event.attempt} ended`);
    }
  }
  return { reservations, finals, outcomes, order };
}
