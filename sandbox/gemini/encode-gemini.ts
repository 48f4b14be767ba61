import { breakFrames, isEventFault } from '../break-frames.ts';
import type { Answer } from '../dialect.ts';
import { type EncodedStream, type EventFrame, encodeEvents } from '../event-stream.ts';
import { geminiBreaks } from './gemini-breaks.ts';
import { geminiChunks, geminiWhole } from './gemini-chunks.ts';

const BYTE_ORDER_MARK = '\uFEFF';

/** Makes the events of an answer, and any fault that is inside them: CRLF, no names, and no mark at the end. */
export function encodeGeminiStream(answer: Answer): EncodedStream {
  const { framing, fault } = answer.behaviour;
  const preamble = framing.hasByteOrderMark ? BYTE_ORDER_MARK : '';
  const habits = { isPadded: false, lineEnding: 'crlf', preamble, ping: ': ping\r\n\r\n' } as const;
  const frames = geminiChunks(answer).map(toFrame);
  if (fault === null || !isEventFault(fault)) return encodeEvents(frames, framing, habits);
  const { frames: broken, endlessEvent } = breakFrames(frames, fault, geminiBreaks(answer));
  return { ...encodeEvents(broken, framing, habits), endlessEvent };
}

/** Makes the whole answer; a stream that nobody asked to be events is an array of its chunks. */
export function encodeGeminiMessage(answer: Answer): string {
  if (answer.call.path.endsWith(':streamGenerateContent')) {
    return `[${geminiChunks(answer)
      .map((chunk) => toFrame(chunk).data)
      .join(',\r\n')}]`;
  }
  return JSON.stringify(geminiWhole(answer));
}

function toFrame({ fields, tokens }: ReturnType<typeof geminiChunks>[number]): EventFrame {
  return { event: null, data: JSON.stringify(fields), tokens };
}
