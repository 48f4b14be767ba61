import { settingsOf } from '../config/config.ts';
import { LIMITS } from '../config/limits.ts';
import type { Operation } from '../schemas/envelope.ts';
import { GatewayError } from '../schemas/error.ts';
import { type Exchange, serveExchange } from './exchange.ts';
import { forwardHeaders } from './forward-headers.ts';
import type { HttpRequest } from './http/http.ts';
import { readMessagesRequest } from './read-request.ts';
import { requestOutcome } from './request-outcomes.ts';
import type { Call } from './routes.ts';

/** `POST /v1/messages` and `POST /v1/messages/count_tokens`: reads the request and serves its exchange. */
export async function postMessages(call: Call, operation: Operation): Promise<void> {
  const { context } = call;
  checkPinnedProvider(call);
  const startedAtMs = Date.now();
  if (operation === 'messages') context.budgets?.check(call.clientKeyId, startedAtMs);
  const release = takeSlot(call);
  try {
    const exchange = await readExchange(call, { operation, startedAtMs });
    if (exchange === null) return;
    const result = await serveExchange(context, exchange);
    context.requestCounts.add(result);
    if (operation === 'messages') {
      context.outcomes.add(requestOutcome(exchange, result, { startedAtMs, nowMs: Date.now() }));
    }
    const { provider } = result;
    context.metrics.requestsTotal.inc({ operation, provider, status: result.status });
    context.metrics.requestSeconds.observe({ provider }, (Date.now() - startedAtMs) / 1000);
  } finally {
    release();
  }
}

// Null when the client left meanwhile. The frame of whoever waits for the answer must not hold the body.
async function readExchange(
  call: Call,
  { operation, startedAtMs }: { operation: Operation; startedAtMs: number },
): Promise<Exchange | null> {
  const { request, reply, requestId, pinned, clientKeyId } = call;
  const body = await request.body(LIMITS.bodyBytesMax);
  if (reply.isAborted) return null;
  const { facts, fields } = readMessagesRequest(body, {
    operation,
    header: (name) => request.header(name),
  });
  const deadlineMs = startedAtMs + firstByteMs(request, facts.isStream);
  return {
    requestId,
    reply,
    body,
    facts,
    fields,
    query: request.query,
    headers: forwardHeaders(request.takeHeaders()),
    pinned,
    clientKeyId,
    deadlineMs,
  };
}

// The port's own provider may be off: say so, instead of an answer from somebody else.
function checkPinnedProvider({ context, pinned }: Call): void {
  if (pinned === null) return;
  const settings = settingsOf(context.config.providers, pinned);
  if (settings.isEnabled) return;
  throw new GatewayError('api_error', `provider ${pinned} is off: ${settings.offReason}`, {
    status: 503,
    shouldRetry: false,
  });
}

// Counts the request against its key's streams; the result gives the slot back.
function takeSlot({ context, clientKeyId }: Call): () => void {
  const key = clientKeyId ?? '';
  const open = context.openRequests.get(key) ?? 0;
  if (open >= LIMITS.streamsPerKeyMax) {
    throw new GatewayError(
      'rate_limit_error',
      `too many requests at once: the gateway serves ${LIMITS.streamsPerKeyMax} per client key`,
      { retryAfterMs: 1_000 },
    );
  }
  context.openRequests.set(key, open + 1);
  context.metrics.openRequests.inc();
  return () => {
    const left = (context.openRequests.get(key) ?? 1) - 1;
    if (left > 0) context.openRequests.set(key, left);
    else context.openRequests.delete(key);
    context.metrics.openRequests.dec();
  };
}

const CLIENT_MARGIN_MS = 5_000;

// The client gives up after its own time-out: our answer must come before. A whole message has its first byte when it is
// done, which may take as long as the client is willing to wait.
function firstByteMs(request: HttpRequest, isStream: boolean): number {
  const seconds = Number(request.header('x-stainless-timeout'));
  const clientMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : LIMITS.messageMsMax;
  const marginMs = Math.min(CLIENT_MARGIN_MS, clientMs / 4);
  return Math.min(isStream ? LIMITS.firstByteMsMax : LIMITS.messageMsMax, clientMs - marginMs);
}
