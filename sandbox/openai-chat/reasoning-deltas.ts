import type { JsonObject } from '../messages/json.ts';
import type { ScriptBlock } from '../script/script.ts';
import type { ReasoningPlace } from './chat-style.ts';
import type { Delta } from './tool-deltas.ts';

/** A block of thoughts. */
export type ThinkingBlock = Extract<ScriptBlock, { type: 'thinking' | 'redacted_thinking' }>;

const FORMAT = 'anthropic-claude-v1';

/** The deltas of one block of thoughts; `at` is its place among the blocks of thoughts. */
export function reasoningDeltas(
  block: ThinkingBlock,
  { at, place }: { at: number; place: ReasoningPlace },
): Delta[] {
  if (block.type === 'redacted_thinking') {
    if (place !== 'details') return [];
    return [{ fields: { reasoning_details: reasoningDetails(block, at) }, tokens: 0 }];
  }
  const { chunks, signature } = block;
  if (chunks.length === 0) return [];
  const deltas = chunks.map((chunk) => ({ fields: piece(chunk, at, place), tokens: 1 }));
  if (place === 'think-tags') {
    const open = { fields: { content: '<think>\n' }, tokens: 0 };
    return [open, ...deltas, { fields: { content: '\n</think>\n\n' }, tokens: 0 }];
  }
  if (place !== 'details') return deltas;
  const detail = { type: 'reasoning.text', signature, format: FORMAT, index: at };
  const last = { fields: { reasoning_details: [detail] }, tokens: 0 };
  return [...deltas, last];
}

/** The thoughts of one block as they stand in a whole message. */
export function reasoningDetails(block: ThinkingBlock, at: number): readonly JsonObject[] {
  if (block.type === 'redacted_thinking') {
    return [{ type: 'reasoning.encrypted', data: block.data, format: FORMAT, index: at }];
  }
  const text = block.chunks.join('');
  if (text === '') return [];
  return [{ type: 'reasoning.text', text, format: FORMAT, index: at, signature: block.signature }];
}

function piece(text: string, at: number, place: ReasoningPlace): JsonObject {
  switch (place) {
    case 'reasoning_content':
      return { reasoning_content: text };
    case 'reasoning':
      return { reasoning: text };
    case 'details': {
      const detail = { type: 'reasoning.text', text, format: FORMAT, index: at };
      return { reasoning: text, reasoning_details: [detail] };
    }
    case 'think-tags':
      return { content: text };
    case 'parts':
      return { content: [{ type: 'thinking', thinking: [{ type: 'text', text }] }] };
  }
}
