import { GatewayError } from '../../../schemas/error.ts';
import { exactNumber } from '../../exact-json.ts';
import { isJsonObject, type JsonObject, objectField, parseJson, textField } from '../../json.ts';
import { hexDigest } from '../../translation/digest.ts';
import type { OpenaiEncodeContext } from './flavour.ts';
import { isOpenaiReasoning } from './model-names.ts';

const STOPS_MAX = 4;
const USER_DIGITS = 32;
/** The session part of user ids of older Claude Codes: a user has many sessions. */
const SESSION_SUFFIX = /_session_.*$/;
/** Servers count the output limit against the window, prompt included: it may take no more than this share. */
const WINDOW_SHARE_MAX = 0.5;

/**
 * The output limit in tokens, no more than the model can.
 *
 * @throws GatewayError `invalid_request_error` for none, 0 (Anthropic's cache warm-up) and nonsense.
 */
export function maxTokensOf(body: JsonObject, { model, providerId }: OpenaiEncodeContext): number {
  if (body.max_tokens === undefined || body.max_tokens === null) invalid('Field required');
  const wanted = exactNumber(body.max_tokens);
  if (wanted === null || !Number.isInteger(wanted) || wanted < 0)
    invalid('Input should be a valid integer, at least 1');
  if (wanted === 0)
    invalid(`0 only warms Anthropic's prompt cache; provider ${providerId} needs at least 1`);
  const window = model.contextWindowTokens;
  const ofWindow = window === null ? wanted : Math.max(1, Math.floor(window * WINDOW_SHARE_MAX));
  return Math.min(wanted, model.maxOutputTokens ?? wanted, ofWindow);
}

/** Encodes what is neither message nor tool: limits, sampling, stop sequences, the user, cache hints, streaming. */
export function encodeOptions(
  body: JsonObject,
  context: OpenaiEncodeContext,
  { isThinking, maxTokens }: { readonly isThinking: boolean; readonly maxTokens: number },
): JsonObject {
  const { flavour, isStream, sessionId, upstreamModel } = context;
  const isReasoning = isOpenaiReasoning(upstreamModel);
  const byModel = isReasoning ? 'max_completion_tokens' : 'max_tokens';
  const field = flavour.maxTokensField === 'by-model' ? byModel : flavour.maxTokensField;
  return {
    [field]: maxTokens,
    ...sampling(body, context, isReasoning || isThinking),
    ...topK(body, context),
    ...stop(body, context, isReasoning),
    ...user(body, context),
    ...(flavour.hasPromptCacheKey && sessionId !== null ? { prompt_cache_key: sessionId } : {}),
    stream: isStream,
    ...(isStream && flavour.sendsIncludeUsage ? { stream_options: { include_usage: true } } : {}),
  };
}

function sampling(
  body: JsonObject,
  { warnings }: OpenaiEncodeContext,
  isRefused: boolean,
): JsonObject {
  const fields: JsonObject = {};
  for (const name of ['temperature', 'top_p'] as const) {
    const value = exactNumber(body[name]);
    if (value === null) continue;
    if (!isRefused) fields[name] = value;
    // 1 is what every server does anyway.
    else if (value !== 1) warnings.add(`${name} dropped: the model reasons`);
  }
  return fields;
}

function topK(body: JsonObject, { flavour, warnings }: OpenaiEncodeContext): JsonObject {
  const value = exactNumber(body.top_k);
  if (value === null) return {};
  if (flavour.acceptsTopK) return { top_k: value };
  warnings.add('top_k dropped');
  return {};
}

function stop(body: JsonObject, { warnings }: OpenaiEncodeContext, isRefused: boolean): JsonObject {
  const { stop_sequences: sequences } = body;
  if (!Array.isArray(sequences)) return {};
  const texts = sequences.filter((text) => typeof text === 'string' && text !== '');
  if (texts.length === 0) return {};
  if (isRefused) {
    warnings.add('stop_sequences dropped: the model reasons');
    return {};
  }
  if (texts.length > STOPS_MAX) warnings.add(`stop_sequences: only the first ${STOPS_MAX} sent`);
  return { stop: texts.slice(0, STOPS_MAX) };
}

function user(body: JsonObject, { flavour }: OpenaiEncodeContext): JsonObject {
  const id = textField(objectField(body, 'metadata'), 'user_id');
  if (id === null || flavour.userField === 'none') return {};
  return { [flavour.userField]: hexDigest(identityIn(id), USER_DIGITS) };
}

/** Claude Code's user id is a JSON text with the session in it, formerly one text with the session last. */
function identityIn(userId: string): string {
  const parsed = parseJson(userId);
  if (!isJsonObject(parsed)) return userId.replace(SESSION_SUFFIX, '');
  return textField(parsed, 'account_uuid') ?? textField(parsed, 'device_id') ?? userId;
}

function invalid(problem: string): never {
  throw new GatewayError('invalid_request_error', `max_tokens: ${problem}`);
}
