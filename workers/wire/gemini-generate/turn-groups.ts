import type { Turn } from '../../translation/messages-request.ts';

/** Turns that become one content: system messages speak within the user's. */
export interface TurnGroup {
  readonly role: 'user' | 'model';
  readonly turns: readonly Turn[];
}

/** Groups turns so that roles alternate. */
export function groupTurns(turns: readonly Turn[]): readonly TurnGroup[] {
  const groups: { role: TurnGroup['role']; turns: Turn[] }[] = [];
  for (const turn of turns) {
    const role = turn.role === 'assistant' ? 'model' : 'user';
    const last = groups.at(-1);
    if (last?.role === role) last.turns.push(turn);
    else groups.push({ role, turns: [turn] });
  }
  return groups;
}

/**
 * True for a group in which the user says something new and answers no tool call: Gemini's current turn begins at the
 * last one. (It may see the beginning earlier than that, never later.)
 */
export function isNewPrompt(groups: readonly TurnGroup[], index: number): boolean {
  if (groups[index]?.role !== 'user') return false;
  const before = groups[index - 1]?.turns ?? [];
  return !before.some(({ blocks }) => blocks.some((block) => block.type === 'tool_use'));
}

/** The effort that a system message of the current turn asks for; null when none does. */
export function currentEffort(turns: readonly Turn[]): string | null {
  const groups = groupTurns(turns);
  const start = groups.findLastIndex((_, index) => isNewPrompt(groups, index));
  const current = groups.slice(Math.max(start, 0)).flatMap((group) => group.turns);
  return current.findLast((turn) => turn.effort !== null)?.effort ?? null;
}
