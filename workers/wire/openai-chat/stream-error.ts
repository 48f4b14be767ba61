import type { ReplyError } from '../../../schemas/envelope.ts';
import { mapProblem } from '../../errors/map-problem.ts';
import { replyError } from '../../errors/reply-errors.ts';
import { parseUpstreamProblem } from '../../errors/upstream-problem.ts';
import type { DecodeContext } from '../../wire.ts';

/** The failure that an upstream reported inside an answer of status 200, from its JSON or its words. */
export function reportedError(text: string, context: DecodeContext): ReplyError {
  const problem = parseUpstreamProblem(text);
  return mapProblem(problem, { status: 200, headers: [], clientHeaders: [], context });
}

/** The upstream ended its stream before the answer was whole. */
export function truncatedAnswer({ providerId }: DecodeContext): ReplyError {
  return replyError(
    'api_error',
    `upstream closed the stream: provider ${providerId} ended its answer before it was complete`,
    502,
  );
}

/** The upstream's finish reason says that it failed, without saying why. */
export function unfinishedAnswer(
  { providerId }: DecodeContext,
  type: 'api_error' | 'overloaded_error',
): ReplyError {
  return type === 'overloaded_error'
    ? replyError(type, `provider ${providerId} ran out of resources in the middle of its answer`)
    : replyError(type, `provider ${providerId} failed in the middle of its answer`, 502);
}

/** The upstream sent what is no chat completion. */
export function malformedAnswer({ providerId }: DecodeContext, what: string): ReplyError {
  return replyError('api_error', `provider ${providerId} ${what}`, 502);
}
