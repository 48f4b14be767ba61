import type { HeaderPair, ReplyError } from '../../../schemas/envelope.ts';
import { mapProblem } from '../../errors/map-problem.ts';
import {
  parseUpstreamProblem,
  problemOf,
  type UpstreamProblem,
} from '../../errors/upstream-problem.ts';
import { asBuffer, isJsonObject, type JsonObject, textField } from '../../json.ts';
import { clientHeaders } from '../../response-headers.ts';
import type { DecodeContext } from '../../wire.ts';

/** HTTP statuses of Google's codes, for errors that come without a number. Source: google.rpc.Code. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  RESOURCE_EXHAUSTED: 429,
  INTERNAL: 500,
  UNKNOWN: 500,
  DATA_LOSS: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};
/** Google's statuses of these are 4xx, and yet it was its own side that gave up. */
const GIVEN_UP_CODES = new Set(['CANCELLED', 'ABORTED']);
/** About the project or its region, not about the request: another provider may take it. */
const PRECONDITION_CODE = 'FAILED_PRECONDITION';
const QUOTAS_NAMED_MAX = 3;

/** Turns an error answer of Google's, in any wrapping, into what the client sees. Source: protocol reference §7.5. */
export function decodeError(
  status: number,
  headers: readonly HeaderPair[],
  body: Uint8Array,
  context: DecodeContext,
): ReplyError {
  const problem = parseUpstreamProblem(asBuffer(body).toString('utf8'));
  return mapped(problem, { status, headers, context });
}

/** Turns an error that came inside an answer with status 200 into what the client sees. */
export function reportedError(json: JsonObject, context: DecodeContext): ReplyError {
  return mapped(problemOf(json), { status: 200, headers: [], context });
}

function mapped(
  problem: UpstreamProblem,
  options: { status: number; headers: readonly HeaderPair[]; context: DecodeContext },
): ReplyError {
  const { status, headers, context } = options;
  const error = mapProblem(withQuotas(problem), {
    status: statusOf(problem, status),
    headers,
    clientHeaders: clientHeaders(context.providerId, headers),
    context,
  });
  return {
    ...error,
    upstreamStatus: status >= 300 ? status : null,
    isFailover: error.isFailover || problem.code === PRECONDITION_CODE,
  };
}

function statusOf({ code, bodyStatus }: UpstreamProblem, status: number): number {
  if (code !== null && GIVEN_UP_CODES.has(code)) return 500;
  if (status >= 400) return status;
  return bodyStatus ?? (code === null ? undefined : STATUS_OF_CODE[code]) ?? status;
}

// Which limit was hit says what to do about it; the message itself may only say that there was one.
function withQuotas(problem: UpstreamProblem): UpstreamProblem {
  const { details } = problem.error;
  if (!Array.isArray(details)) return problem;
  const quotas = details
    .filter(isJsonObject)
    .flatMap(({ violations }) => (Array.isArray(violations) ? violations : []))
    .filter(isJsonObject)
    .map((violation) => textField(violation, 'quotaId'))
    .filter((quota) => quota !== null && /^[\w-]{1,120}$/.test(quota));
  const named = [...new Set(quotas)].slice(0, QUOTAS_NAMED_MAX);
  if (named.length === 0) return problem;
  return { ...problem, message: `${problem.message} (quota ${named.join(', ')})`.trim() };
}
