import type { HeaderPair, ReplyError } from '../../../schemas/envelope.ts';
import { mapProblem } from '../../errors/map-problem.ts';
import { parseUpstreamProblem } from '../../errors/upstream-problem.ts';
import { asBuffer } from '../../json.ts';
import { clientHeaders } from '../../response-headers.ts';
import type { DecodeContext } from '../../wire.ts';

/**
 * Turns an error answer of any dialect into the one that Claude Code understands. Nothing is passed on verbatim: the
 * request that failed is not the client's. Source: protocol reference §7.5.
 */
export function decodeError(
  status: number,
  headers: readonly HeaderPair[],
  body: Uint8Array,
  context: DecodeContext,
): ReplyError {
  const problem = parseUpstreamProblem(asBuffer(body).toString('utf8'));
  const shown = clientHeaders(context.providerId, headers);
  return mapProblem(problem, { status, headers, clientHeaders: shown, context });
}
