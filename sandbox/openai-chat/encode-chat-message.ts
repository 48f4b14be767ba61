import { isUsageMissing } from '../damage-usage.ts';
import type { Answer } from '../dialect.ts';
import type { JsonObject } from '../messages/json.ts';
import { isText, isThinking, toolCalls } from './answer-deltas.ts';
import { type ChatStyle, quirksOf, type ReasoningPlace, reasoningPlace } from './chat-style.ts';
import { CREATED_SECONDS } from './encode-chat-stream.ts';
import { finishReason } from './finish.ts';
import { reasoningDetails } from './reasoning-deltas.ts';
import { wholeCall } from './tool-deltas.ts';

/** Makes the whole completion of an answer that is not streamed. */
export function encodeChatMessage(answer: Answer, style: ChatStyle): string {
  const { prompt, ids, behaviour } = answer;
  const quirks = quirksOf(answer, style);
  const id = ids.next(style.completionPrefix);
  const finish = finishReason(answer, quirks);
  const calls = toolCalls(answer, style).map((call) => wholeCall(call, quirks));
  const message = {
    role: 'assistant',
    ...contentFields(answer, reasoningPlace(quirks, style)),
    refusal: null,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
  return JSON.stringify({
    id,
    object: 'chat.completion',
    created: CREATED_SECONDS,
    model: prompt.model,
    ...style.completionFields(answer),
    choices: [
      {
        index: 0,
        message,
        logprobs: null,
        ...style.choiceFields(answer, finish),
        finish_reason: finish,
      },
    ],
    ...(isUsageMissing(behaviour.fault) ? {} : { usage: style.usage(answer) }),
  });
}

function contentFields({ script }: Answer, place: ReasoningPlace): JsonObject {
  const text = script.blocks
    .filter(isText)
    .map(({ chunks }) => chunks.join(''))
    .join('');
  const blocks = script.blocks.filter(isThinking);
  const thoughts = blocks
    .map((block) => (block.type === 'thinking' ? block.chunks.join('') : ''))
    .join('');
  const content = text === '' ? null : text;
  switch (place) {
    case 'details': {
      const details = blocks.flatMap((block, at) => reasoningDetails(block, at));
      if (details.length === 0) return { content, reasoning: null };
      return { content, reasoning: thoughts, reasoning_details: details };
    }
    case 'think-tags':
      return { content: thoughts === '' ? content : `<think>\n${thoughts}\n</think>\n\n${text}` };
    case 'parts': {
      if (thoughts === '') return { content };
      const thinking = [{ type: 'text', text: thoughts }];
      return {
        content: [
          { type: 'thinking', thinking },
          { type: 'text', text },
        ],
      };
    }
    case 'reasoning':
    case 'reasoning_content':
      return thoughts === '' ? { content } : { content, [place]: thoughts };
  }
}
