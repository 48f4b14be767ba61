import { createHash, type Hash, hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { LIMITS } from '../config/limits.ts';
import type { HeaderPair } from '../schemas/envelope.ts';
import { decide, decideFailure, type Question } from './decide.ts';
import type { Call, Dialect, Route } from './dialect.ts';
import { perform } from './perform.ts';
import { BodyTooLargeError, readBody } from './read-body.ts';
import type { OpenRecord } from './recorder.ts';
import type { SandboxState } from './state.ts';

const LABEL_HEADERS = ['x-sandbox-label', 'x-claude-code-session-id'] as const;

/** One request under way. */
export interface Exchange {
  readonly dialect: Dialect;
  readonly route: Route;
  readonly path: string;
  readonly query: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const servedSockets = new WeakSet<Socket>();

/** Serves one request of a provider's API and records it. Never rejects for what the caller does. */
export async function serveExchange(state: SandboxState, exchange: Exchange): Promise<void> {
  const { dialect, route, path, query, request, response } = exchange;
  const isReused = servedSockets.has(request.socket);
  servedSockets.add(request.socket);
  const answerHash = createHash('sha256');
  const record = openRecord(state, exchange, answerHash);
  const header = (name: string): string | undefined => headerOf(request, name);
  let body: Buffer;
  const question: Omit<Question, 'call'> = {
    dialect,
    requestId: record.requestId,
    bodySha256: '',
    behaviour: state.book.standing(dialect.provider),
    state,
  };
  try {
    body = await readBody(request, LIMITS.bodyBytesMax);
  } catch (error) {
    if (!(error instanceof BodyTooLargeError)) return; // the caller left; the record ends with its socket
    const call: Call = { route, path, query, header, body: Buffer.alloc(0) };
    // The rest is read and dropped: a caller that still writes would not read an answer.
    request.resume();
    const tooLarge = decideFailure({ ...question, call }, { status: 413 });
    await perform(tooLarge, { response, record, answerHash, isReused });
    return;
  }
  record.bodySha256 = hash('sha256', body, 'hex');
  const behaviour = state.book.take(dialect.provider, route.operation);
  state.recorder.received(record, body);
  const call: Call = { route, path, query, header, body };
  const decision = decide({ ...question, behaviour, call, bodySha256: record.bodySha256 });
  record.input = decision.input;
  record.model = decision.model ?? record.model;
  await perform(decision, { response, record, answerHash, isReused });
}

function openRecord(state: SandboxState, exchange: Exchange, answerHash: Hash): OpenRecord {
  const { dialect, route, path, query, request, response } = exchange;
  const label = LABEL_HEADERS.map((name) => headerOf(request, name)).find(Boolean) ?? null;
  const record = state.recorder.open({
    requestId: dialect.requestId(state.ids),
    provider: dialect.provider,
    operation: route.operation,
    method: request.method ?? '',
    path,
    query,
    headers: headerPairs(request.rawHeaders),
    label,
    model: route.model,
    startedAtMs: state.nowMs(),
  });
  response.once('close', () => {
    record.answerSha256 = answerHash.digest('hex');
    endRecord(state, record, response);
  });
  return record;
}

function endRecord(state: SandboxState, record: OpenRecord, response: ServerResponse): void {
  const nowMs = state.nowMs();
  const isOurCut = record.fault === 'cut' || record.fault === 'reset';
  if (response.writableFinished || isOurCut) {
    record.outcome = record.fault === null ? 'completed' : 'faulted';
  } else {
    record.outcome = 'aborted';
    record.abortedAtMs = nowMs;
  }
  state.recorder.end(record, nowMs);
}

/** The first header of a name (lower case). */
export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

function headerPairs(raw: readonly string[]): HeaderPair[] {
  const pairs: HeaderPair[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    pairs.push([(raw[index] as string).toLowerCase(), raw[index + 1] as string]); // in bounds
  }
  return pairs;
}
