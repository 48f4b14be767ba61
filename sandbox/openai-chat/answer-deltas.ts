import type { Answer } from '../dialect.ts';
import type { Quirk } from '../quirks.ts';
import type { ScriptBlock } from '../script/script.ts';
import { type ChatStyle, reasoningPlace } from './chat-style.ts';
import { reasoningDeltas, type ThinkingBlock } from './reasoning-deltas.ts';
import { type Delta, type ToolCall, toolDeltas } from './tool-deltas.ts';

/** The deltas of all blocks in the order of this wire: thoughts, text, tool calls. */
export function answerDeltas(
  answer: Answer,
  { quirks, style }: { quirks: ReadonlySet<Quirk>; style: ChatStyle },
): Delta[] {
  const { blocks } = answer.script;
  const place = reasoningPlace(quirks, style);
  return [
    ...blocks.filter(isThinking).flatMap((block, at) => reasoningDeltas(block, { at, place })),
    ...blocks
      .filter(isText)
      .flatMap(({ chunks }) => chunks.map((content) => ({ fields: { content }, tokens: 1 }))),
    ...toolDeltas(toolCalls(answer, style), quirks),
  ];
}

/** The tool calls of an answer, with their ids. */
export function toolCalls({ script, prompt, ids }: Answer, style: ChatStyle): ToolCall[] {
  return script.blocks
    .filter((block) => block.type === 'tool_use')
    .map((block) => ({ id: block.id ?? ids.next(style.toolCallPrefix(prompt.model)), block }));
}

/** True for a block of thoughts. */
export function isThinking(block: ScriptBlock): block is ThinkingBlock {
  return block.type === 'thinking' || block.type === 'redacted_thinking';
}

/** True for a block of text. */
export function isText(block: ScriptBlock): block is Extract<ScriptBlock, { type: 'text' }> {
  return block.type === 'text';
}
