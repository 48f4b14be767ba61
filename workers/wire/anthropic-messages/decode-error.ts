import type { HeaderPair, ReplyError } from '../../../schemas/envelope.ts';
import { errorTypeOfStatus, isFailover } from '../../../schemas/error.ts';
import { overflowMessage } from '../../errors/context-overflow.ts';
import { mapProblem } from '../../errors/map-problem.ts';
import { maskProjects } from '../../errors/mask.ts';
import { parseUpstreamProblem, type UpstreamProblem } from '../../errors/upstream-problem.ts';
import { asBuffer } from '../../json.ts';
import { clientHeaders } from '../../response-headers.ts';
import type { DecodeContext } from '../../wire.ts';

/**
 * Turns an error answer into what the client sees: Anthropic's envelope verbatim, because Claude Code matches on its
 * words; every other shape, and every refusal of our own credential, in the gateway's words.
 */
export function decodeError(
  status: number,
  headers: readonly HeaderPair[],
  body: Uint8Array,
  context: DecodeContext,
): ReplyError {
  const text = asBuffer(body).toString('utf8');
  const problem = parseUpstreamProblem(text);
  const shown = clientHeaders(context.providerId, headers);
  if (!isVerbatim(problem, status, context)) {
    return mapProblem(problem, { status, headers, clientHeaders: shown, context });
  }
  return {
    type: problem.code ?? errorTypeOfStatus(status),
    status,
    message: problem.message,
    body: context.providerId === 'vertex-claude' ? maskProjects(text) : text,
    headers: shown,
    upstreamStatus: status,
    isFailover: isFailover(status),
  };
}

// A proxy in between may use the envelope for another model's words: those of a full context are rewritten.
function isVerbatim(problem: UpstreamProblem, status: number, context: DecodeContext): boolean {
  if (!problem.isAnthropic || status < 400 || status === 401 || status === 403) return false;
  if (context.providerId === 'anthropic') return true;
  return overflowMessage(problem.message, problem.code, context.inputTokensEstimate) === null;
}
