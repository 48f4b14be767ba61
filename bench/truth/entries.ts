import type { EventLog } from '../../bus/event-log.ts';
import type { Log } from '../../bus/log.ts';
import { reservedEventSchema } from '../../schemas/ledger.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import { subjects } from '../../schemas/subjects.ts';
import { type UsageEvent, usageEventSchema } from '../../schemas/usage.ts';

/** What stream EV tells of attempts. */
export interface LoggedAttempts {
  /** The first end of each attempt, by attempt id: the one that counts. */
  readonly ends: ReadonlyMap<string, UsageEvent>;
  /** Ids of attempts that were reserved. */
  readonly reserved: ReadonlySet<string>;
  /** Ends of attempts that had one already. */
  readonly repeated: number;
  readonly events: number;
}

/** The id under which an attempt is reserved. */
export function attemptIdOf({ requestId, attempt }: UsageEvent): string {
  return `${requestId}.${attempt}`;
}

/** Reads the whole log. */
export async function readAttempts(eventLog: EventLog, log: Log): Promise<LoggedAttempts> {
  const ends = new Map<string, UsageEvent>();
  const reserved = new Set<string>();
  const usage = subjects.usageEvent('' as ProviderId); // the beginning of all of them
  let repeated = 0;
  let count = 0;
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  await using _reader = eventLog.read({
    after: 0,
    log,
    onEvents(events, areLast) {
      count += events.length;
      for (const { subject, data } of events) {
        const isUsage = subject.startsWith(usage);
        if (!isUsage && subject !== subjects.reservedEvent()) continue;
        const json: unknown = JSON.parse(Buffer.from(data).toString());
        if (isUsage) {
          const event = usageEventSchema.parse(json);
          if (ends.has(attemptIdOf(event))) repeated += 1;
          else ends.set(attemptIdOf(event), event);
        } else {
          const { reservations } = reservedEventSchema.parse(json);
          for (const { attemptId } of reservations) reserved.add(attemptId);
        }
      }
      if (areLast) resolve();
    },
    onReplaced: () => reject(new Error('the log was made anew while it was read')),
  });
  await done;
  return { ends, reserved, repeated, events: count };
}
