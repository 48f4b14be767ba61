import type { ReplyError } from '../../../schemas/envelope.ts';
import { ERROR_TYPES, isFailover } from '../../../schemas/error.ts';
import { mapProblem } from '../../errors/map-problem.ts';
import { maskProjects } from '../../errors/mask.ts';
import { replyError } from '../../errors/reply-errors.ts';
import { parseUpstreamProblem } from '../../errors/upstream-problem.ts';
import { parseJson } from '../../json.ts';
import type { DecodeContext } from '../../wire.ts';

/**
 * The failure that an upstream reported inside its stream, from the data of its event.
 *
 * Anthropic's error event keeps its own words in `body`, on one line, so that it can be the data of an error event
 * again; any other shape (Google's `{"error"}`) is mapped.
 */
export function streamError(data: string, context: DecodeContext): ReplyError {
  const problem = parseUpstreamProblem(data);
  const status = problem.isAnthropic ? statusOfType(problem.code) : null;
  // Our credential being refused must not reach the client as its own.
  if (status === null || status === 401 || status === 403) {
    return mapProblem(problem, {
      status: status ?? 200,
      headers: [],
      clientHeaders: [],
      context,
    });
  }
  const line = data.includes('\n') ? JSON.stringify(parseJson(data)) : data.trim();
  return {
    type: problem.code ?? 'api_error',
    status,
    message: problem.message,
    body: context.providerId === 'vertex-claude' ? maskProjects(line) : line,
    headers: [],
    upstreamStatus: null,
    isFailover: isFailover(status),
  };
}

/** The upstream ended its stream before the answer was whole. */
export function truncatedStream({ providerId }: DecodeContext): ReplyError {
  return replyError(
    'api_error',
    `provider ${providerId} closed the stream before the answer was complete`,
    502,
  );
}

/** The upstream sent what is no event stream of Anthropic's. */
export function malformedStream({ providerId }: DecodeContext, what: string): ReplyError {
  return replyError('api_error', `provider ${providerId} ${what}`, 502);
}

function statusOfType(type: string | null): number {
  for (const [known, { status }] of Object.entries(ERROR_TYPES)) if (known === type) return status;
  return ERROR_TYPES.api_error.status;
}
