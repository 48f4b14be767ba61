import type { ProviderId } from '../schemas/provider.ts';
import type { RecordedRequest, TruthEntry, TruthTotals } from './recorded-request.ts';
import { createRing } from './ring.ts';
import { SANDBOX_LIMITS } from './sandbox-limits.ts';
import { createWaiters, type RequestFilter } from './waiters.ts';

/** A record that is still being written. */
export type OpenRecord = { -readonly [Field in keyof RecordedRequest]: RecordedRequest[Field] };

/** What is known when a request starts. */
export type RecordStart = Pick<
  RecordedRequest,
  | 'requestId'
  | 'provider'
  | 'operation'
  | 'method'
  | 'path'
  | 'query'
  | 'headers'
  | 'label'
  | 'model'
  | 'startedAtMs'
>;

/** Keeps what was asked and what was answered, within bounds. */
export interface Recorder {
  open(start: RecordStart): OpenRecord;
  /** The whole body is there. */
  received(record: OpenRecord, body: Buffer): void;
  end(record: OpenRecord, nowMs: number): void;
  requests(): RecordedRequest[];
  truth(): { totals: Partial<Record<ProviderId, TruthTotals>>; entries: TruthEntry[] };
  nextRequest(filter: RequestFilter): Promise<RecordedRequest>;
  nextEnd(filter: RequestFilter): Promise<RecordedRequest>;
  /** Resolves when no request is open. */
  whenIdle(): Promise<void>;
  clear(): void;
  /** Rejects everything that waits. */
  close(): void;
}

const EMPTY = Buffer.alloc(0);

/** Makes an empty recorder. */
export function createRecorder(): Recorder {
  const requests = createRing<OpenRecord>(SANDBOX_LIMITS.requestsKeptMax);
  const truth = createRing<TruthEntry>(SANDBOX_LIMITS.truthEntriesMax);
  const totals = new Map<ProviderId, Record<keyof TruthTotals, number>>();
  const bodies = createBodyBudget();
  const received = createWaiters(({ sequence }) => sequence);
  const ended = createWaiters(({ endSequence }) => endSequence);
  const idle: (() => void)[] = [];
  let sequence = 0;
  let endSequence = 0;
  let openCount = 0;
  return {
    open(start) {
      openCount += 1;
      sequence += 1;
      return { ...BLANK, ...start, sequence };
    },
    received(record, body) {
      record.bodyBytes = body.length;
      record.body = bodies.keep(record, body);
      const fallen = requests.push(record);
      if (fallen !== undefined) bodies.forget(fallen);
      received.notify(record);
    },
    end(record, nowMs) {
      endSequence += 1;
      record.endSequence = endSequence;
      record.endedAtMs = nowMs;
      truth.push(toTruthEntry(record));
      addTo(totals, record);
      ended.notify(record);
      openCount -= 1;
      if (openCount === 0) for (const resolve of idle.splice(0)) resolve();
    },
    requests: () => requests.toArray(),
    truth: () => ({
      totals: Object.fromEntries(totals),
      entries: truth.toArray(),
    }),
    nextRequest: (filter) => received.next(requests.toArray(), filter),
    nextEnd: (filter) =>
      ended.next(
        requests.toArray().filter(({ outcome }) => outcome !== 'open'),
        filter,
      ),
    whenIdle: () =>
      openCount === 0 ? Promise.resolve() : new Promise((resolve) => idle.push(resolve)),
    clear() {
      requests.clear();
      truth.clear();
      totals.clear();
      bodies.clear();
    },
    close() {
      received.close();
      ended.close();
    },
  };
}

const BLANK = {
  body: EMPTY,
  bodyBytes: 0,
  bodySha256: '',
  endedAtMs: null,
  status: null,
  input: null,
  tokensSent: 0,
  answerBytes: 0,
  answerSha256: null,
  outcome: 'open',
  abortedAtMs: null,
  fault: null,
  endSequence: 0,
} as const;

interface BodyBudget {
  keep(record: OpenRecord, body: Buffer): Buffer;
  forget(record: OpenRecord): void;
  clear(): void;
}

function createBodyBudget(): BodyBudget {
  const kept = new Set<OpenRecord>();
  let bytes = 0;
  const forget = (record: OpenRecord): void => {
    if (!kept.delete(record)) return;
    bytes -= record.body.length;
    record.body = EMPTY;
  };
  return {
    keep(record, body) {
      const { bodyBytesKeptMax, bodiesBytesKeptMax } = SANDBOX_LIMITS;
      // A piece of a larger buffer would keep the whole buffer alive.
      const part =
        body.length > bodyBytesKeptMax ? Buffer.from(body.subarray(0, bodyBytesKeptMax)) : body;
      kept.add(record);
      bytes += part.length;
      for (const oldest of kept) {
        if (bytes <= bodiesBytesKeptMax || oldest === record) break;
        forget(oldest);
      }
      return part;
    },
    forget,
    clear() {
      kept.clear();
      bytes = 0;
    },
  };
}

function addTo(
  totals: Map<ProviderId, Record<keyof TruthTotals, number>>,
  record: OpenRecord,
): void {
  const sums = totals.get(record.provider) ?? { ...NO_TOTALS };
  totals.set(record.provider, sums);
  sums.requests += 1;
  if (record.outcome !== 'open') sums[record.outcome] += 1;
  sums.outputTokens += record.tokensSent;
  if (record.input === null) return;
  sums.inputTokens += record.input.inputTokens;
  sums.cacheReadTokens += record.input.cacheReadTokens;
  sums.cacheWrite5mTokens += record.input.cacheWrite5mTokens;
  sums.cacheWrite1hTokens += record.input.cacheWrite1hTokens;
}

const NO_TOTALS: TruthTotals = {
  requests: 0,
  completed: 0,
  aborted: 0,
  faulted: 0,
  inputTokens: 0,
  cacheReadTokens: 0,
  cacheWrite5mTokens: 0,
  cacheWrite1hTokens: 0,
  outputTokens: 0,
};

function toTruthEntry(record: RecordedRequest): TruthEntry {
  const { requestId, provider, operation, label, model, status, input, tokensSent, outcome } =
    record;
  return { requestId, provider, operation, label, model, status, input, tokensSent, outcome };
}
