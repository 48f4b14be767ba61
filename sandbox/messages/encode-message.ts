import { isUsageMissing } from '../damage-usage.ts';
import type { Answer } from '../dialect.ts';
import type { ScriptBlock } from '../script/script.ts';
import type { AnswerStyle } from './answer-style.ts';
import { messageUsage } from './usage.ts';

/** Makes the whole message of an answer that is not streamed. */
export function encodeMessage(answer: Answer, style: AnswerStyle): string {
  const { script, prompt, ids, behaviour } = answer;
  return JSON.stringify({
    model: style.responseModel(prompt.model),
    id: ids.next(style.messagePrefix),
    type: 'message',
    role: 'assistant',
    content: script.blocks.map((block) => toContent(block, () => ids.next(style.toolUsePrefix))),
    stop_reason: script.stopReason,
    stop_sequence: script.stopSequence,
    stop_details: null,
    ...(isUsageMissing(behaviour.fault)
      ? {}
      : { usage: messageUsage(answer, style.extraUsage(answer)) }),
  });
}

function toContent(block: ScriptBlock, toolUseId: () => string): unknown {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.chunks.join('') };
    case 'thinking':
      return { type: 'thinking', thinking: block.chunks.join(''), signature: block.signature };
    case 'redacted_thinking':
      return block;
    case 'tool_use': {
      const { id, name, input } = block;
      const caller = { type: 'direct' };
      return { type: 'tool_use', id: id ?? toolUseId(), name, input, caller };
    }
  }
}
