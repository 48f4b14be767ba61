import { type BreakableWire, bareGoogleFrame } from '../break-frames.ts';
import type { Answer } from '../dialect.ts';
import type { EventFrame } from '../event-stream.ts';
import { type ChatStyle, quirksOf } from './chat-style.ts';

const FINISHED = /"finish_reason":"[a-z]/;
const CONTENT = /"content":"(?!")/;

/** Where the chunks of this wire break. */
export function chatBreaks(answer: Answer, style: ChatStyle): BreakableWire {
  const { prompt } = answer;
  const quirks = quirksOf(answer, style);
  const chunk = (fields: object, tokens = 0): EventFrame => {
    const head = { id: 'chatcmpl-sandbox', object: 'chat.completion.chunk', model: prompt.model };
    return { event: null, data: JSON.stringify({ ...head, ...fields }), tokens };
  };
  return {
    isDelta: ({ data }) =>
      CONTENT.test(data) || data.includes('"tool_calls":[') || data.includes('"reasoning'),
    isText: ({ data }) => CONTENT.test(data),
    endOfCall(frames) {
      const last = frames.findLastIndex(({ data }) => data.includes('"tool_calls":['));
      return last + 1;
    },
    ending: (frames) => frames.findIndex(({ data }) => FINISHED.test(data) || data === '[DONE]'),
    errorFrames(fault) {
      if (fault.shape === 'bare-google') return [bareGoogleFrame(fault.message)];
      const data = style.innerError(fault);
      // Groq ends there; the others say that they are done.
      if (quirks.has('error-as-event')) return [{ event: 'error', data, tokens: 0 }];
      return [
        { event: null, data, tokens: 0 },
        { event: null, data: '[DONE]', tokens: 0 },
      ];
    },
    hugeFrame: (bytes) =>
      chunk(
        { choices: [{ index: 0, delta: { content: 'x'.repeat(bytes) }, finish_reason: null }] },
        1,
      ),
    unknownFrames: () => [
      chunk({ object: 'chat.completion.note', note: 'a chunk of a later version' }),
      chunk({ choices: [{ index: 0, delta: { later: { value: 1 } }, finish_reason: null }] }),
    ],
  };
}
