import type { Turn } from '../../translation/messages-request.ts';

/**
 * The index of the turn to be answered: the last user turn that is more than the tool results of a loop, 0 without one.
 *
 * It and all that follows is the current turn, its tool loop included.
 */
export function startOfCurrentTurn(turns: readonly Turn[]): number {
  const start = turns.findLastIndex(
    ({ role, blocks }) => role === 'user' && !blocks.some(({ type }) => type === 'tool_result'),
  );
  return Math.max(0, start);
}
