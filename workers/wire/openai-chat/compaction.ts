import { textField } from '../../json.ts';
import type { Block, Turn } from '../../translation/messages-request.ts';
import type { Warnings } from '../../translation/warnings.ts';

/**
 * The turns from the last readable compaction on, its summary as user text: what came before stays unsent, as at
 * Anthropic. Compactions that only Anthropic can read are left out.
 *
 * Source: protocol reference §7.7.
 */
export function afterCompaction(turns: readonly Turn[], warnings: Warnings): readonly Turn[] {
  const index = turns.findLastIndex(({ blocks }) => blocks.some(isReadable));
  const turn = turns[index];
  if (turn === undefined) return turns;
  const at = turn.blocks.findLastIndex(isReadable);
  const summary = textField(turn.blocks[at] ?? {}, 'content') ?? '';
  warnings.add('block compaction sent as text');
  const text = `Summary of the conversation so far:\n${summary}`;
  const rest = { ...turn, blocks: turn.blocks.slice(at + 1) };
  return [
    { role: 'user', blocks: [{ type: 'text', text }], effort: null },
    ...(rest.blocks.length === 0 ? [] : [rest]),
    ...turns.slice(index + 1),
  ];
}

function isReadable(block: Block): boolean {
  return block.type === 'compaction' && textField(block, 'content') !== null;
}
