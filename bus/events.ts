import path from 'node:path';
import { LIMITS } from '../config/limits.ts';
import type { Bus } from './connect.ts';
import { EventReplay } from './event-replay.ts';
import { EventSender } from './event-sender.ts';
import { EventSpool } from './event-spool.ts';
import type { Log } from './log.ts';
import type { EventRecord } from './spool-records.ts';

/** Publishes durable events to stream EV, at least once; the message id makes them count once. */
export interface EventPublisher extends AsyncDisposable {
  /** Events that the stream does not have yet and that lie on no disk. */
  readonly pending: number;
  /** Bytes of events that wait on disk for JetStream. */
  readonly spooledBytes: number;
  /** Events given up: the spool was full, or the stream refused them. */
  readonly dropped: number;
  /** Never waits and never throws. `id` becomes `Nats-Msg-Id`. */
  publish(subject: string, id: string, event: unknown): void;
  /**
   * The same; true once the stream has the event. False = not within `eventAckMsMax`, or at once where JetStream is known
   * to be away: the event is kept all the same.
   */
  publishAcknowledged(subject: string, id: string, event: unknown): Promise<boolean>;
  /** Gives what was published so far to the socket, where it would wait for company. */
  sendNow(): void;
  /** Resolves true when the stream has everything published so far, false after `waitMs`. */
  flush(waitMs: number): Promise<boolean>;
}

/** What the publisher needs. */
export interface EventPublisherOptions {
  readonly log: Log;
  /** Folder for the state of this machine: events lie in its folder `spool` while JetStream is away. */
  readonly dataDir: string;
  /** What tests change: milliseconds between two tries to send what is in the spool. */
  readonly replayMs?: number;
}

/** Beyond what answers take: then an event is in the spool. */
const SETTLED_MS_MAX = 5_000;
const FLUSH_POLL_MS = 5;
const LOST_LOG_MS = 500;

/**
 * Starts the publisher of this process. What the stream does not acknowledge within `eventAckMsMax` goes to a spool on
 * disk, as does what is published from then on until JetStream is back. Disposing it leaves nothing in memory.
 */
export function startEventPublisher(bus: Bus, options: EventPublisherOptions): EventPublisher {
  return new Publisher(bus, options);
}

class Publisher implements EventPublisher {
  readonly #bus: Bus;
  readonly #log: Log;
  readonly #spool: EventSpool;
  readonly #sender: EventSender;
  readonly #replay: EventReplay;
  readonly #scan: NodeJS.Timeout;
  /** JetStream takes no events: they go to the spool. */
  #isAway = false;
  #dropped = 0;
  #loggedDropped = 0;
  #lostLog: NodeJS.Timeout | null = null;

  constructor(bus: Bus, options: EventPublisherOptions) {
    const { log, dataDir, replayMs = LIMITS.eventReplayMs } = options;
    this.#bus = bus;
    this.#log = log;
    this.#spool = new EventSpool(path.join(dataDir, 'spool'), log);
    this.#sender = new EventSender(bus);
    this.#replay = new EventReplay({
      bus,
      log,
      spool: this.#spool,
      sender: this.#sender,
      onBack: () => this.#setAway(false),
      onLost: (record, reason) => this.#lose(record, reason),
      replayMs,
    });
    this.#scan = setInterval(() => this.#adopt(), LIMITS.eventSpoolScanMs);
    this.#scan.unref();
    this.#adopt();
  }

  get pending(): number {
    return this.#sender.pending;
  }

  get spooledBytes(): number {
    return this.#spool.bytes;
  }

  get dropped(): number {
    return this.#dropped;
  }

  publish(subject: string, id: string, event: unknown): void {
    this.#publish({ subject, id, data: Buffer.from(JSON.stringify(event)) }, nobodyWaits);
  }

  publishAcknowledged(subject: string, id: string, event: unknown): Promise<boolean> {
    const data = Buffer.from(JSON.stringify(event));
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LIMITS.eventAckMsMax, false);
      this.#publish({ subject, id, data }, (isStored) => {
        clearTimeout(timer);
        resolve(isStored);
      });
    });
  }

  sendNow(): void {
    this.#bus.sendNow();
  }

  flush(waitMs: number): Promise<boolean> {
    return until(() => this.#sender.pending === 0 && this.#spool.isEmpty, waitMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await until(() => this.#sender.pending === 0, SETTLED_MS_MAX);
    clearInterval(this.#scan);
    const replayed = this.#replay[Symbol.asyncDispose]();
    this.#sender[Symbol.dispose]();
    await replayed;
    await this.#spool.close();
    this.#tellLost();
    if (this.#spool.isEmpty) return;
    this.#log.warn({ bytes: this.#spool.bytes }, 'events wait in the spool for the next start');
  }

  #publish(record: EventRecord, onStored: (isStored: boolean) => void): void {
    const isFull = this.#sender.pending >= LIMITS.eventOutboxMax;
    if (this.#isAway || isFull || !this.#bus.isConnected) {
      this.#keep(record);
      onStored(false);
      return;
    }
    this.#sender.send(record, ({ kind }) => {
      if (kind !== 'stored') this.#keep(record);
      onStored(kind === 'stored');
    });
  }

  #keep(record: EventRecord): void {
    this.#setAway(true);
    if (!this.#spool.add(record)) this.#lose(record, 'the spool is full');
    this.#replay.start();
  }

  #setAway(isAway: boolean): void {
    if (isAway === this.#isAway) return;
    this.#isAway = isAway;
    if (isAway) this.#log.warn('JetStream takes no events: they wait in the spool');
    else this.#log.info('JetStream takes events again');
  }

  #adopt(): void {
    const adopted = this.#spool.touch().then(() => this.#spool.adopt());
    void adopted.then(() => {
      if (!this.#spool.isEmpty) this.#replay.start();
    });
  }

  // Thousands may be lost in a second: a line of log now and then says how many.
  #lose({ id, subject }: EventRecord, reason: string): void {
    this.#dropped += 1;
    if (this.#lostLog !== null) return;
    this.#lostLog = setTimeout(() => this.#tellLost(), LOST_LOG_MS);
    this.#loggedDropped += 1;
    this.#log.error({ id, subject, reason }, 'event lost');
  }

  #tellLost(): void {
    if (this.#lostLog !== null) clearTimeout(this.#lostLog);
    this.#lostLog = null;
    const more = this.#dropped - this.#loggedDropped;
    if (more > 0) this.#log.error({ events: more }, 'more events lost');
    this.#loggedDropped = this.#dropped;
  }
}

const nobodyWaits = (): void => {};

async function until(isTrue: () => boolean, waitMs: number): Promise<boolean> {
  const endMs = performance.now() + waitMs;
  while (!isTrue()) {
    if (performance.now() > endMs) return false;
    await new Promise((resolve) => setTimeout(resolve, FLUSH_POLL_MS));
  }
  return true;
}
