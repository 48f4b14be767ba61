import type { HeaderPair, ReplyError } from '../../schemas/envelope.ts';
import type { ErrorType } from '../../schemas/error.ts';
import { ERROR_TYPES, isFailover } from '../../schemas/error.ts';
import { objectField, textField } from '../json.ts';
import type { DecodeContext } from '../wire.ts';
import { overflowMessage } from './context-overflow.ts';
import { maskSecrets } from './mask.ts';
import { retryAfterSeconds } from './retry-after.ts';
import { statusOfCode } from './status-of-code.ts';
import type { UpstreamProblem } from './upstream-problem.ts';

/** An upstream's failure in a dialect that is not the client's. */
export interface ProblemContext {
  /** The HTTP status of the answer; that of the body counts where this one is a 2xx. */
  readonly status: number;
  /** Its headers, names in lower case. */
  readonly headers: readonly HeaderPair[];
  /** Headers that the client may get. */
  readonly clientHeaders: readonly HeaderPair[];
  readonly context: DecodeContext;
}

const OVERLOADED_CODES = new Set(['UNAVAILABLE', 'provider_overloaded', 'overloaded_error']);
const CREDENTIAL_CODES = new Set(['UNAUTHENTICATED', 'API_KEY_INVALID']);
/** OpenAI calls an empty account a rate limit: no wait will help. */
const NO_CREDIT_CODES = new Set(['insufficient_quota', 'billing_hard_limit_reached']);
/** Groq's: the model wrote a call that cannot be read. The request is not at fault, another try may go well. */
const BAD_OUTPUT_CODES = new Set(['tool_use_failed', 'output_parse_failed']);
const CREDENTIALS_REFUSED = "rejected the gateway's credentials";
const POLICY_CODES = new Set(['content_policy_violation', 'refusal']);

interface Verdict {
  readonly type: ErrorType;
  readonly message: string;
  readonly status?: number;
  readonly headers?: readonly HeaderPair[];
}

/**
 * Turns any upstream error into the one that Claude Code understands. Source: protocol reference §7.5.
 *
 * The provider's own credentials being refused becomes a 502: a 401 would make the client doubt the user's key.
 */
export function mapProblem(problem: UpstreamProblem, options: ProblemContext): ReplyError {
  const said = problem.bodyStatus ?? statusOfWords(problem);
  const status = options.status >= 400 ? options.status : (said ?? options.status);
  const verdict = verdictOf(problem, { ...options, status });
  const clientStatus = verdict.status ?? ERROR_TYPES[verdict.type].status;
  return {
    type: verdict.type,
    status: clientStatus,
    message: verdict.message,
    body: null,
    headers: verdict.headers ?? options.clientHeaders.filter(([name]) => name !== 'retry-after'),
    // A failure reported inside a 200 has no status of its own to show.
    upstreamStatus: options.status >= 300 ? options.status : null,
    isFailover: isFailover(clientStatus),
  };
}

// DeepSeek's code for a refused key is `invalid_request_error`, and its type says what it is.
function statusOfWords({ code, error }: UpstreamProblem): number | null {
  const ofCode = statusOfCode(code);
  return ofCode === null || ofCode === 400
    ? (statusOfCode(textField(error, 'type')) ?? ofCode)
    : ofCode;
}

function credentialsRefused(context: DecodeContext): Verdict {
  return {
    type: 'api_error',
    status: 502,
    message: `provider ${context.providerId} ${CREDENTIALS_REFUSED}`,
  };
}

/** True when the upstream refused our credential, whatever status it said so with. */
export function isCredentialRefused({ message }: ReplyError): boolean {
  return message.endsWith(CREDENTIALS_REFUSED);
}

function verdictOf(problem: UpstreamProblem, options: ProblemContext): Verdict {
  const { status, context } = options;
  const { code } = problem;
  const words = maskSecrets(problem.message);
  const tooLong = overflowMessage(problem.message, code, context.inputTokensEstimate);
  if (tooLong !== null) return { type: 'invalid_request_error', message: tooLong };
  if (status === 403 && isPolicy(problem)) {
    return { type: 'permission_error', message: said(context, words, 'refused the content') };
  }
  if (status === 401 || status === 403 || CREDENTIAL_CODES.has(code ?? '') || isBadKey(problem)) {
    return credentialsRefused(context);
  }
  if (BAD_OUTPUT_CODES.has(code ?? '')) {
    return {
      type: 'api_error',
      status: 502,
      message: said(context, words, 'could not read what the model wrote'),
    };
  }
  if (status === 402 || NO_CREDIT_CODES.has(code ?? '')) {
    return { type: 'billing_error', message: said(context, words, 'has no credit left') };
  }
  if (status === 404 || status === 410) {
    return { type: 'not_found_error', message: `model: ${context.requestModel}` };
  }
  if (status === 408 || status === 504) {
    return { type: 'timeout_error', message: said(context, words, 'timed out') };
  }
  if (status === 413) {
    return { type: 'request_too_large', message: said(context, words, 'calls it too large') };
  }
  if (status === 429 || code === 'RESOURCE_EXHAUSTED') return rateLimited(problem, options, words);
  if ([498, 503, 529].includes(status) || OVERLOADED_CODES.has(code ?? '')) {
    return { type: 'overloaded_error', message: said(context, words, 'is overloaded') };
  }
  if (status >= 400 && status < 500) {
    return {
      type: 'invalid_request_error',
      message: said(context, words, `answered with status ${status}`),
    };
  }
  return {
    type: 'api_error',
    status: 502,
    message: said(context, words, strangeAnswer(problem, status)),
  };
}

function rateLimited(problem: UpstreamProblem, options: ProblemContext, words: string): Verdict {
  const { headers, context } = options;
  const seconds = retryAfterSeconds({ headers, error: problem.error, message: problem.message });
  const others = options.clientHeaders.filter(([name]) => name !== 'retry-after');
  return {
    type: 'rate_limit_error',
    message: said(context, words, 'is at its rate limit'),
    headers: [...others, ['retry-after', String(seconds)]],
  };
}

function said(context: DecodeContext, words: string, otherwise: string): string {
  return words === ''
    ? `provider ${context.providerId} ${otherwise}`
    : `[${context.providerId}] ${words}`;
}

function strangeAnswer(problem: UpstreamProblem, status: number): string {
  if (problem.isHtml) return `answered with a web page (status ${status})`;
  if (status >= 300 && status < 400) return `answered with a redirect (status ${status})`;
  if (status < 300) return 'answered with something that is no message';
  return `failed (status ${status})`;
}

// OpenRouter's moderation says 403 too, and then it is not about credentials.
function isPolicy(problem: UpstreamProblem): boolean {
  const metadata = objectField(problem.error, 'metadata');
  return (
    'reasons' in metadata || 'flagged_input' in metadata || POLICY_CODES.has(problem.code ?? '')
  );
}

function isBadKey({ message }: UpstreamProblem): boolean {
  return /^API key not valid|API_KEY_INVALID/.test(message);
}
