import type { ReplySink } from '../../../bus/reply-sink.ts';
import { DEFAULT_MODEL_MAPPING } from '../../../config/model-mapping.ts';
import { createPriceList } from '../../../config/prices/price-list.ts';
import type {
  Dispatch,
  HeaderPair,
  ReplyEnd,
  ReplyError,
  ReplyHead,
  RequestFacts,
} from '../../../schemas/envelope.ts';
import { scanTopLevel, type TopLevelScanOptions } from '../../../schemas/json-scan.ts';
import type { Reservation } from '../../../schemas/ledger.ts';
import type { Observation } from '../../../schemas/observation.ts';
import type { UsageEvent } from '../../../schemas/usage.ts';
import type { Provider, Work } from '../../../workers/provider.ts';
import { createAnthropic } from '../../../workers/providers/anthropic.ts';
import type { ProviderContext } from '../../../workers/registry.ts';
import { runAttempt } from '../../../workers/run-attempt.ts';
import {
  createUpstreamClient,
  type UpstreamClientOptions,
} from '../../../workers/upstream-client.ts';

/** What providers get in tests: no wishes about models, and no tool states. */
export const PROVIDER_CONTEXT: ProviderContext = {
  toolStates: { get: async () => new Map() },
  modelMapping: DEFAULT_MODEL_MAPPING,
};

/** How test bodies are scanned for their fields. */
export const SCAN_OPTIONS: TopLevelScanOptions = {
  jsonDepthMax: 128,
  jsonKeysPerObjectMax: 1_000,
  topLevelFieldsMax: 100,
  topLevelFieldNameBytesMax: 100,
  uniqueFields: [],
};

/** A sink that keeps everything, with a window that a test can close. */
export class RecordingSink implements ReplySink {
  readonly #abort = new AbortController();
  #room = Promise.withResolvers<void>();
  isWritable = true;
  heads: ReplyHead[] = [];
  writes: Uint8Array[] = [];
  ends: ReplyEnd[] = [];
  errors: ReplyError[] = [];
  onWrite: (() => void) | null = null;

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.writes);
  }

  drained(): Promise<void> {
    return this.isWritable ? Promise.resolve() : this.#room.promise;
  }

  head(head: ReplyHead): void {
    this.heads.push(head);
  }

  write(bytes: Uint8Array): void {
    this.writes.push(bytes);
    this.onWrite?.();
  }

  end(end: ReplyEnd): void {
    this.ends.push(end);
  }

  error(error: ReplyError): void {
    this.errors.push(error);
  }

  cancel(): void {
    this.#abort.abort(new Error('the client left'));
    this.#room.resolve();
  }

  makeRoom(): void {
    this.isWritable = true;
    this.#room.resolve();
    this.#room = Promise.withResolvers<void>();
  }

  /** Resolves with the next write. */
  nextWrite(): Promise<void> {
    return new Promise((resolve) => {
      this.onWrite = resolve;
    });
  }
}

/** A body that asks for a stream, with spellings that a re-encoder would change. */
export const ODD_BODY =
  '{"model":"claude-opus-5-5", "stream":true,"max_tokens":16,"temperature":1.0,"x":-0,"n":12345678901234567890,' +
  '"messages":[{"role":"user","content":"h\\u00e9  \\ud83d\\ude00"}]}';

/** One attempt's input over any JSON body. */
export function workOf(
  body: string,
  overrides: {
    facts?: Partial<RequestFacts>;
    headers?: readonly HeaderPair[];
    query?: string;
    deadlineMs?: number;
    model?: string;
  } = {},
): Work {
  const bytes = Buffer.from(body);
  const { fields } = scanTopLevel(bytes, SCAN_OPTIONS);
  const parsed = JSON.parse(body);
  const dispatch: Dispatch = {
    v: 1,
    requestId: 'req_test',
    attempt: 0,
    ingressId: 'in1',
    deadlineMs: overrides.deadlineMs ?? Date.now() + 10_000,
    facts: {
      operation: 'messages',
      requestModel: parsed.model ?? 'claude-opus-5-5',
      isStream: parsed.stream === true,
      maxOutputTokens: 16,
      bodyBytes: bytes.length,
      inputTokensEstimate: 1234,
      hasTools: false,
      hasThinking: false,
      hasImages: false,
      sessionId: 'session-1',
      agentId: null,
      hasWebSearch: false,
      requestClass: 'main',
      cacheTtlMs: 0,
      ...overrides.facts,
    },
    account: null,
    model: overrides.model ?? null,
    clientKeyId: null,
    query: overrides.query ?? '',
    headers: overrides.headers ?? [],
    fields,
  };
  return { dispatch, body: bytes };
}

/** What one attempt left behind. */
export interface AttemptRecord {
  readonly sink: RecordingSink;
  readonly usage: UsageEvent[];
  readonly reservations: Reservation[];
  readonly observations: Observation[];
  /** Those of the observations that could not wait. */
  readonly urgent: Observation[];
  readonly done: Promise<void>;
}

/** The Anthropic provider, aimed at a test's upstream. */
export function anthropicAt(baseUrl: string): Provider {
  return createAnthropic(
    {
      id: 'anthropic',
      isEnabled: true,
      offReason: null,
      account: 'ANTHROPIC_API_KEY',
      baseUrl,
      apiKey: 'test-credential',
      projectId: null,
      region: null,
    },
    PROVIDER_CONTEXT,
  );
}

/** The prices of all attempts in tests. */
export const PRICES = createPriceList();

/** Starts an attempt with a client of its own, which closes when the attempt ends. */
export function startAttempt(
  provider: Provider,
  work: Work,
  options: {
    sink?: RecordingSink;
    client?: UpstreamClientOptions;
    fetchBody?: () => Promise<Uint8Array>;
    /** Whether the ledger's log takes reservations; default: nobody waits for it. */
    acknowledged?: Promise<boolean>;
    /** Observations wait for company, and may be taken back; default: each leaves at once. */
    areGathered?: boolean;
  } = {},
): AttemptRecord {
  const sink = options.sink ?? new RecordingSink();
  const usage: UsageEvent[] = [];
  const reservations: Reservation[] = [];
  const observations: Observation[] = [];
  const urgent: Observation[] = [];
  const client = createUpstreamClient(options.client);
  const done = runAttempt(work, sink, {
    provider,
    client,
    log: { debug: () => undefined, warn: () => undefined },
    nowMs: Date.now,
    remember: () => {},
    countTokens: async () => 4_242,
    prices: PRICES,
    reserve(reservation) {
      reservations.push(reservation);
      return { batch: 0, acknowledged: options.acknowledged ?? Promise.resolve(true) };
    },
    publishUsage: (event) => usage.push(event),
    observe: (seen, how) => {
      observations.push(seen);
      if (how?.isUrgent === true) urgent.push(seen);
    },
    withdraw(seen) {
      const place = options.areGathered === true ? observations.indexOf(seen) : -1;
      if (place !== -1) observations.splice(place, 1);
      return place !== -1;
    },
    ...(options.fetchBody === undefined ? {} : { fetchBody: options.fetchBody }),
  }).finally(() => client[Symbol.asyncDispose]());
  return { sink, usage, reservations, observations, urgent, done };
}
