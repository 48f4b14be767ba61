import { type BreakableWire, bareGoogleFrame } from '../break-frames.ts';
import type { Answer } from '../dialect.ts';
import type { EventFrame } from '../event-stream.ts';
import type { JsonObject } from '../messages/json.ts';
import { innerGeminiError } from './gemini-errors.ts';

const FINISH_REASON = /,"finishReason":"[A-Z_]+"/;

/** Where the events of this wire break. */
export function geminiBreaks({ prompt }: Answer): BreakableWire {
  const chunk = (parts: readonly JsonObject[], tokens: number): EventFrame => {
    const candidates = [{ content: { role: 'model', parts } }];
    return {
      event: null,
      data: JSON.stringify({ candidates, modelVersion: prompt.model }),
      tokens,
    };
  };
  return {
    isDelta: ({ data }) => data.includes('"parts":['),
    isText: ({ data }) => data.includes('"text":"') && !data.includes('"thought":true'),
    endOfCall(frames) {
      return frames.findLastIndex(({ data }) => data.includes('"functionCall":{')) + 1;
    },
    ending: (frames) => frames.findIndex(({ data }) => data.includes('"finishReason":"')),
    // The reason rides on the last piece of content.
    withoutEnd: (frame) => ({ ...frame, data: frame.data.replace(FINISH_REASON, '') }),
    errorFrames(fault) {
      if (fault.shape === 'bare-google') return [bareGoogleFrame(fault.message)];
      // The true server drops the error behind the events as it is.
      const error: unknown = JSON.parse(innerGeminiError(fault));
      return [
        { event: null, data: `${JSON.stringify(error, null, 2)}\r\n`, tokens: 0, isRaw: true },
      ];
    },
    hugeFrame: (bytes) => chunk([{ text: 'x'.repeat(bytes) }], 1),
    unknownFrames: () => [
      chunk([{ laterPart: { value: 1 } }], 0),
      { event: null, data: JSON.stringify({ laterField: true }), tokens: 0 },
    ],
  };
}
