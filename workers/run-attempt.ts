import type { ReplySink } from '../bus/reply-sink.ts';
import type { PriceList } from '../config/prices/price-list.ts';
import type { HeaderPair, ReplyError } from '../schemas/envelope.ts';
import { GatewayError } from '../schemas/error.ts';
import type { Reservation } from '../schemas/ledger.ts';
import type { ProviderId } from '../schemas/provider.ts';
import type { ToolState } from '../schemas/tool-state.ts';
import type { UsageEvent } from '../schemas/usage.ts';
import { NOTHING_KNOWN, type Outcome } from './answers/answer.ts';
import {
  type AttemptReport,
  createAttemptReport,
  type Observe,
  type Withdraw,
} from './attempt-report.ts';
import { decodeContextOf } from './decode-context.ts';
import { credentialsIn, hideCredentials } from './errors/hide-credentials.ts';
import { cancelled, replyError, thrownError } from './errors/reply-errors.ts';
import { exchange } from './exchange.ts';
import { failureOfRefusal, failureOfThrown } from './failure-kind.ts';
import type { Provider, Work } from './provider.ts';
import { readRefusal } from './rate-limits/read-windows.ts';
import { reservationOf } from './reservation.ts';
import type { Reserved } from './reservations.ts';
import { encodeCountAnswer } from './token-count/count-answer.ts';
import type { UpstreamClient } from './upstream-client.ts';
import { type AttemptNotes, type FinalOutcome, usageEventOf } from './usage-event.ts';

/** The part of a logger that attempts use. */
export interface AttemptLog {
  debug(fields: object, text: string): void;
  warn(fields: object, text: string): void;
}

/** What an attempt works with. */
export interface AttemptDependencies {
  readonly provider: Provider;
  readonly client: UpstreamClient;
  readonly log: AttemptLog;
  readonly prices: PriceList;
  /** Tells the ledger that the upstream is about to be called. Never throws. */
  reserve(reservation: Reservation): Reserved;
  /** Ends the attempt in the ledger, behind its reservation if it has one. */
  publishUsage(event: UsageEvent, reserved: Reserved | null): void;
  /** Where the body comes from when it did not travel with its dispatch. Rejects when it cannot be had. */
  fetchBody?(): Promise<Uint8Array>;
  nowMs(): number;
  /** Keeps what a provider must see again with a tool call. Returns at once and never throws. */
  remember(toolUseId: string, state: ToolState): void;
  /** The input tokens of a body, for providers without a counter of their own. Never rejects. */
  countTokens(body: Uint8Array, options: { model: string; estimate: number }): Promise<number>;
  readonly observe: Observe;
  readonly withdraw: Withdraw;
}

/**
 * Makes one attempt at one provider: a reservation, the call, its answer into the sink, and at the end exactly one usage
 * event (token counts have neither) and exactly one `end` or `error`. Routers hear of it, of a failure before the ingress
 * does. Never rejects.
 *
 * Within the attempt the upstream is asked again at most twice: after its credential was renewed, and after the
 * provider learned from a refusal.
 */
export async function runAttempt(
  work: Work,
  sink: ReplySink,
  dependencies: AttemptDependencies,
): Promise<void> {
  const { nowMs } = dependencies;
  const { requestModel } = work.dispatch.facts;
  useChosenModel(work);
  const notes: AttemptNotes = {
    startedAtMs: nowMs(),
    requestModel,
    upstreamModel: work.dispatch.facts.requestModel,
    status: null,
    firstContentAtMs: null,
    reserved: null,
    refusal: null,
  };
  const report = createAttemptReport(work, notes, dependencies);
  const outcome = await outcomeOf(work, sink, { dependencies, notes, report });
  if (work.dispatch.facts.operation === 'messages') publish(work, outcome, { dependencies, notes });
  report.ended(outcome);
  const { summary } = outcome;
  if (outcome.kind === 'completed') {
    sink.end({ usage: summary.usage, stopReason: summary.stopReason });
    return;
  }
  const error = outcome.kind === 'failed' ? outcome.error : cancelled();
  logFailure(dependencies, work, error);
  sink.error(error);
}

// Providers resolve the name that the router chose; the client and the ledger keep the client's own.
function useChosenModel(work: Work): void {
  const { facts, model } = work.dispatch;
  if (model === null) return;
  work.dispatch = { ...work.dispatch, facts: { ...facts, requestModel: model } };
}

interface AttemptState {
  readonly dependencies: AttemptDependencies;
  readonly notes: AttemptNotes;
  readonly report: AttemptReport;
}

async function outcomeOf(work: Work, sink: ReplySink, state: AttemptState): Promise<FinalOutcome> {
  let hasBody = false;
  try {
    if (state.dependencies.fetchBody) work.body = await state.dependencies.fetchBody();
    hasBody = true;
    const { operation } = work.dispatch.facts;
    const mustCount =
      operation === 'count_tokens' && state.dependencies.provider.countsTokens !== true;
    if (mustCount) return await countHere(work, sink, state.dependencies);
    return await callUntilAnswered(work, sink, state);
  } catch (error) {
    if (sink.signal.aborted) return { kind: 'cancelled', summary: NOTHING_KNOWN };
    const { log, provider } = state.dependencies;
    if (!(error instanceof GatewayError)) {
      log.warn(
        { error, provider: provider.id, requestId: work.dispatch.requestId },
        'attempt broke',
      );
    }
    // A body that did not come is nothing that the provider did.
    const failure = hasBody ? failureOfThrown(error) : 'request';
    return { kind: 'failed', error: thrownError(error), failure, summary: NOTHING_KNOWN };
  }
}

// The provider cannot count: the worker does, and says that it is an estimate.
async function countHere(
  { dispatch, body }: Work,
  sink: ReplySink,
  { provider, countTokens }: AttemptDependencies,
): Promise<FinalOutcome> {
  const { requestModel: model, inputTokensEstimate: estimate } = dispatch.facts;
  const answer = encodeCountAnswer(await countTokens(body, { model, estimate }));
  const warning = `token count estimated: ${provider.id} has no counter`;
  const headers: HeaderPair[] = [['x-gateway-warnings', warning]];
  sink.head({ status: 200, headers, kind: 'json', upstreamModel: model });
  sink.write(answer, true);
  return { kind: 'completed', summary: NOTHING_KNOWN };
}

async function callUntilAnswered(
  work: Work,
  sink: ReplySink,
  state: AttemptState,
): Promise<FinalOutcome> {
  const { provider } = state.dependencies;
  let mayRenew = provider.renewCredential !== undefined;
  let mayLearn = provider.learn !== undefined;
  for (;;) {
    const outcome = await call(work, sink, state);
    if (outcome.kind !== 'refused') return outcome;
    const { status, headers, body, request } = outcome;
    if (mayRenew && status === 401 && (await provider.renewCredential?.())) {
      mayRenew = false;
    } else if (mayLearn && provider.learn?.(request, { status, body, work })) {
      mayLearn = false;
    } else {
      const wire = request.wire ?? provider.wire;
      const context = decodeContextOf(work, state.notes, state.dependencies);
      const decoded = wire.decodeError(status, headers, body, context);
      const refusal = readRefusal({ status, headers, body });
      state.notes.refusal = refusal;
      const { limitedBy } = refusal;
      const error = limitedBy === null ? decoded : { ...decoded, limitedBy };
      return {
        kind: 'failed',
        error: hideCredentials(error, credentialsIn(request.headers)),
        failure: failureOfRefusal(status, decoded, refusal),
        summary: NOTHING_KNOWN,
      };
    }
  }
}

// Builds the request and starts its exchange. The request must not outlive this: its stream may take minutes.
async function call(work: Work, sink: ReplySink, state: AttemptState): Promise<Outcome> {
  const { provider, client, nowMs } = state.dependencies;
  const request = await provider.request(work, sink.signal);
  state.notes.upstreamModel = request.upstreamModel;
  if (work.dispatch.deadlineMs <= nowMs()) return tooLate(provider.id);
  if (sink.signal.aborted) return { kind: 'cancelled', summary: NOTHING_KNOWN };
  const acknowledged = reserve(work, state);
  if (acknowledged !== null) {
    const isReserved = await acknowledged;
    if (sink.signal.aborted) return { kind: 'cancelled', summary: NOTHING_KNOWN };
    if (!isReserved) return notReserved(provider.id);
  }
  const firstByteMs = work.dispatch.deadlineMs - nowMs();
  if (firstByteMs <= 0) return tooLate(provider.id);
  state.report.started();
  const secrets = credentialsIn(request.headers);
  const outcome = exchange(request, {
    work,
    sink,
    client,
    wire: request.wire ?? provider.wire,
    decode: {
      ...decodeContextOf(work, state.notes, state.dependencies),
      ...request.translation,
    },
    firstByteMs,
    onResponse: (status, headers) => {
      state.notes.status = status;
      state.report.answered(status, headers);
    },
    onFirstContent: () => {
      state.notes.firstContentAtMs = nowMs();
    },
  });
  return outcome.then((ended) =>
    ended.kind === 'failed' ? { ...ended, error: hideCredentials(ended.error, secrets) } : ended,
  );
}

// Once, however often the attempt asks again. Null = there is nothing to wait for.
function reserve(
  { dispatch }: Work,
  { dependencies, notes }: AttemptState,
): Promise<boolean> | null {
  if (dispatch.facts.operation !== 'messages' || notes.reserved !== null) return null;
  const { provider, prices } = dependencies;
  const { requestModel, upstreamModel, startedAtMs } = notes;
  const { id, account } = provider;
  const whose = { provider: id, account, requestModel, upstreamModel, startedAtMs };
  notes.reserved = dependencies.reserve(reservationOf(dispatch, whose, prices));
  return notes.reserved.acknowledged;
}

// Other workers write to the same log.
function notReserved(providerId: ProviderId): FinalOutcome {
  const error = replyError(
    'overloaded_error',
    `the ledger cannot be written: with ACCOUNTING=strict nothing was sent to provider ${providerId}`,
  );
  return {
    kind: 'failed',
    error: { ...error, isFailover: false },
    failure: 'request',
    summary: NOTHING_KNOWN,
  };
}

function tooLate(providerId: ProviderId): FinalOutcome {
  const error = replyError('timeout_error', `no time was left to ask provider ${providerId}`);
  return { kind: 'failed', error, failure: 'request', summary: NOTHING_KNOWN };
}

// The client's answer does not depend on the ledger's: a publisher that fails is logged.
function publish(
  work: Work,
  outcome: FinalOutcome,
  { dependencies, notes }: Pick<AttemptState, 'dependencies' | 'notes'>,
): void {
  const { provider, prices, publishUsage, log } = dependencies;
  const nowMs = dependencies.nowMs();
  try {
    publishUsage(usageEventOf(work, notes, { provider, outcome, prices, nowMs }), notes.reserved);
  } catch (error) {
    log.warn({ error }, 'usage event could not be published');
  }
}

function logFailure({ log, provider }: AttemptDependencies, work: Work, error: ReplyError): void {
  const { type, status, upstreamStatus } = error;
  const { requestId, attempt } = work.dispatch;
  const fields = { requestId, attempt, provider: provider.id, type, status, upstreamStatus };
  log.debug(fields, 'attempt failed');
}
