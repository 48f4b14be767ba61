import { type FileHandle, readFile, rm, utimes } from 'node:fs/promises';
import { LIMITS } from '../config/limits.ts';
import type { Log } from './log.ts';
import { SpoolFiles } from './spool-files.ts';
import { decodeRecords, type EventRecord, encodeRecord } from './spool-records.ts';

/** Events that a spool gives out to be sent. */
export interface SpoolPart {
  readonly records: readonly EventRecord[];
  /** All of them were taken: they are forgotten. */
  remove(): Promise<void>;
  /** They were not: the next `oldest` gives them out again. */
  putBack(): void;
}

interface Segment {
  readonly file: string;
  readonly bytes: number;
}

interface Waiting {
  readonly record: EventRecord;
  readonly bytes: Buffer;
}

/** After a failure the disk is asked again. */
const WRITE_RETRY_MS = 1_000;

/**
 * Keeps events on disk while JetStream does not take them, in files of this process, fsynced in groups, and takes over
 * what ended processes left. Where the disk refuses, events wait in memory.
 */
export class EventSpool {
  readonly #files: SpoolFiles;
  readonly #log: Log;
  /** Not on disk yet. */
  #waiting: Waiting[] = [];
  /** Of those and of what is being written. */
  #waitingBytes = 0;
  #writing = 0;
  #given = 0;
  readonly #segments: Segment[] = [];
  #open: { readonly file: string; readonly handle: FileHandle } | null = null;
  #openBytes = 0;
  #segmentBytes = 0;
  #syncedAtMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;
  #isFailing = false;
  /** Reads, writes and removals one after another. */
  #work: Promise<unknown> = Promise.resolve();

  constructor(folder: string, log: Log) {
    this.#files = new SpoolFiles(folder);
    this.#log = log;
  }

  /** Nothing is kept or given out. */
  get isEmpty(): boolean {
    const isOnDisk = this.#segments.length > 0 || this.#openBytes > 0;
    return !isOnDisk && this.#waiting.length + this.#writing + this.#given === 0;
  }

  /** Bytes kept, on disk or waiting for it. */
  get bytes(): number {
    return this.#segmentBytes + this.#openBytes + this.#waitingBytes;
  }

  /** Keeps an event; on disk at most `eventSpoolSyncMs` later. False = full. Never throws. */
  add(record: EventRecord): boolean {
    const bytes = encodeRecord(record);
    const isFull =
      this.bytes + bytes.length > LIMITS.eventSpoolBytesMax ||
      this.#waiting.length + this.#writing >= LIMITS.eventOutboxMax;
    if (isFull) return false;
    this.#waiting.push({ record, bytes });
    this.#waitingBytes += bytes.length;
    this.#schedule();
    return true;
  }

  /** Takes over the files of ended processes. Never rejects. */
  adopt(): Promise<void> {
    return this.#next(async () => {
      try {
        for (const segment of await this.#files.adopt()) this.#close(segment);
      } catch (error) {
        this.#log.warn({ error }, 'what ended processes left in the spool cannot be taken over');
      }
    });
  }

  /** The oldest events; null = there are none. They stay until they are removed. Never rejects. */
  oldest(): Promise<SpoolPart | null> {
    return this.#next(async () => {
      await this.#write();
      if (this.#segments.length === 0) await this.#rotate();
      const [segment] = this.#segments;
      if (segment !== undefined) return this.#partOf(segment);
      return this.#waiting.length > 0 ? this.#partInMemory() : null;
    });
  }

  /** Says that the process lives, to processes that cannot see it. */
  async touch(): Promise<void> {
    const now = new Date();
    for (const { file } of this.#segments) await utimes(file, now, now).catch(() => {}); // removed meanwhile
    if (this.#open !== null) await this.#open.handle.utimes(now, now).catch(() => {}); // closed meanwhile
  }

  /** Writes what waits and lets go of the files; what is kept stays for the next process. */
  async close(): Promise<void> {
    await this.#next(async () => {
      await this.#write();
      await this.#rotate();
    });
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#waiting.length > 0) {
      this.#log.error({ events: this.#waiting.length }, 'events lost: the spool takes none');
    }
  }

  #next<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#work.then(work);
    this.#work = result.catch(() => {}); // whoever asked hears of it
    return result;
  }

  #schedule(): void {
    const pauseMs = this.#isFailing ? WRITE_RETRY_MS : LIMITS.eventSpoolSyncMs;
    const waitMs = Math.max(0, this.#syncedAtMs + pauseMs - performance.now());
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.#next(() => this.#write());
    }, waitMs);
  }

  async #write(): Promise<void> {
    const written = this.#waiting;
    if (written.length === 0) return;
    const all = Buffer.concat(written.map(({ bytes }) => bytes));
    this.#waiting = []; // more may come meanwhile
    this.#writing = written.length;
    try {
      this.#open ??= await this.#files.create();
      const { handle } = this.#open;
      for (let at = 0; at < all.length; ) at += (await handle.write(all, at)).bytesWritten;
      await handle.datasync();
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#log.error({ error }, 'the event spool cannot be written');
      this.#isFailing = true;
    }
    this.#syncedAtMs = performance.now();
    this.#writing = 0;
    if (this.#isFailing) {
      this.#waiting = [...written, ...this.#waiting];
      await this.#leaveFile();
      this.#schedule();
      return;
    }
    this.#waitingBytes -= all.length;
    this.#openBytes += all.length;
    if (this.#openBytes >= LIMITS.eventSpoolFileBytesMax) await this.#rotate();
    if (this.#waiting.length > 0) this.#schedule();
  }

  // It may end in half a record, behind which nothing would be found.
  async #leaveFile(): Promise<void> {
    const file = this.#openBytes === 0 ? this.#open?.file : undefined;
    await this.#rotate();
    if (file === undefined) return;
    this.#segments.pop();
    await rm(file, { force: true }).catch(() => {}); // the disk is at fault already
  }

  async #rotate(): Promise<void> {
    const open = this.#open;
    if (open === null) return;
    this.#open = null;
    await open.handle.close().catch((error: unknown) => this.#log.warn({ error }, 'spool file'));
    this.#close({ file: open.file, bytes: this.#openBytes });
    this.#openBytes = 0;
  }

  #close(segment: Segment): void {
    this.#segments.push(segment);
    this.#segmentBytes += segment.bytes;
  }

  async #partOf(segment: Segment): Promise<SpoolPart> {
    const { file } = segment;
    let records: readonly EventRecord[] = [];
    try {
      const content = await readFile(file);
      const decoded = decodeRecords(content);
      ({ records } = decoded);
      const tornBytes = content.length - decoded.bytes;
      if (tornBytes > 0) this.#log.warn({ tornBytes }, 'a spool file ends in a torn record');
    } catch (error) {
      this.#log.error({ error, file }, 'events lost: a spool file cannot be read');
    }
    return {
      records,
      remove: () =>
        this.#next(async () => {
          this.#segments.splice(this.#segments.indexOf(segment), 1);
          this.#segmentBytes -= segment.bytes;
          await rm(file, { force: true });
        }),
      putBack: () => {},
    };
  }

  // The disk refuses them.
  #partInMemory(): SpoolPart {
    const given = this.#waiting;
    const bytes = this.#waitingBytes;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#given += given.length;
    return {
      records: given.map(({ record }) => record),
      remove: async () => {
        this.#given -= given.length;
      },
      putBack: () => {
        this.#given -= given.length;
        this.#waiting = [...given, ...this.#waiting];
        this.#waitingBytes += bytes;
        this.#schedule();
      },
    };
  }
}
