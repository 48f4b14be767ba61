import { breakFrames, isEventFault } from '../break-frames.ts';
import { isUsageMissing } from '../damage-usage.ts';
import type { Answer } from '../dialect.ts';
import { type EncodedStream, type EventFrame, encodeEvents } from '../event-stream.ts';
import type { JsonObject } from '../messages/json.ts';
import { answerDeltas } from './answer-deltas.ts';
import { chatBreaks } from './chat-breaks.ts';
import { type ChatStyle, quirksOf } from './chat-style.ts';
import { finishReason } from './finish.ts';

const BYTE_ORDER_MARK = '\uFEFF';
/** Unix seconds of every completion: the same requests give the same bytes. */
export const CREATED_SECONDS = 1_795_305_600;

/** What a stream ends with. */
export const DONE_FRAME: EventFrame = { event: null, data: '[DONE]', tokens: 0 };

/** Makes the chunks of an answer, and any fault that is inside them. */
export function encodeChatStream(answer: Answer, style: ChatStyle): EncodedStream {
  const { framing, fault } = answer.behaviour;
  const mark = framing.hasByteOrderMark ? BYTE_ORDER_MARK : '';
  const habits = {
    isPadded: false,
    lineEnding: 'lf',
    preamble: mark + style.preamble,
    ping: style.keepAlive,
  } as const;
  const frames = chatFrames(answer, style);
  if (fault === null || !isEventFault(fault)) return encodeEvents(frames, framing, habits);
  const { frames: broken, endlessEvent } = breakFrames(frames, fault, chatBreaks(answer, style));
  return { ...encodeEvents(broken, framing, habits), endlessEvent };
}

function chatFrames(answer: Answer, style: ChatStyle): EventFrame[] {
  const quirks = quirksOf(answer, style);
  const chunk = chunkMaker(answer, style);
  const finish = finishReason(answer, quirks);
  const before: JsonObject = quirks.has('finish-omitted')
    ? {}
    : { finish_reason: quirks.has('finish-empty') ? '' : null };
  const choice = (delta: JsonObject, last: JsonObject | null = null): JsonObject => ({
    index: 0,
    delta,
    ...style.choiceFields(answer, last === null ? null : finish),
    ...(last ?? before),
  });
  const role = quirks.has('role-missing') ? {} : { role: 'assistant' };
  const common = style.hasContentInEveryDelta ? { content: '' } : {};
  const everywhere = quirks.has('role-repeated') ? { ...role, ...common } : common;
  const frames: EventFrame[] = [];
  if (style.firstChunk !== null) frames.push(rawChunk(style.firstChunk, 0));
  if (!style.hasContentInEveryDelta) {
    frames.push(chunk([choice({ ...role, content: '' })], {}, 0));
  }
  for (const { fields, tokens } of answerDeltas(answer, { quirks, style })) {
    const isCall = 'tool_calls' in fields;
    const filler = isCall && style.hasContentInEveryDelta ? { content: null } : {};
    frames.push(chunk([choice({ ...everywhere, ...filler, ...fields })], {}, tokens));
  }
  const last = choice(everywhere, { finish_reason: finish });
  frames.push(...tailFrames(answer, { style, quirks, last, chunk }));
  if (!quirks.has('no-done')) frames.push(DONE_FRAME);
  return frames;
}

type ChunkMaker = (
  choices: readonly JsonObject[],
  fields: JsonObject,
  tokens: number,
) => EventFrame;

interface Tail {
  readonly style: ChatStyle;
  readonly quirks: ReturnType<typeof quirksOf>;
  readonly last: JsonObject;
  readonly chunk: ChunkMaker;
}

function tailFrames(answer: Answer, { style, quirks, last, chunk }: Tail): EventFrame[] {
  // What was counted though it was not shown is paid for by the end.
  const hidden = hiddenTokens(answer);
  const isTold = answer.prompt.wantsUsage && !isUsageMissing(answer.behaviour.fault);
  const again = quirks.has('finish-repeated') ? [chunk([last], {}, 0)] : [];
  if (!isTold) return [chunk([last], {}, hidden), ...again];
  const usage = style.usage(answer);
  if (quirks.has('usage-on-finish')) return [chunk([last], { usage }, hidden), ...again];
  if (quirks.has('usage-x-groq')) return [chunk([last], { x_groq: { usage } }, hidden), ...again];
  const choices = style.repeatsChoiceWithUsage ? [last] : [];
  return [chunk([last], {}, hidden), ...again, chunk(choices, { usage }, 0)];
}

function hiddenTokens({ script }: Answer): number {
  return script.blocks.reduce(
    (sum, block) => sum + (block.type === 'thinking' ? block.hiddenTokens : 0),
    0,
  );
}

function chunkMaker(answer: Answer, style: ChatStyle): ChunkMaker {
  const id = answer.ids.next(style.completionPrefix);
  const head = {
    id,
    object: 'chat.completion.chunk',
    created: CREATED_SECONDS,
    model: answer.prompt.model,
    ...style.completionFields(answer),
  };
  const noUsage = style.hasNullUsage ? { usage: null } : {};
  return (choices, fields, tokens) => rawChunk({ ...head, choices, ...noUsage, ...fields }, tokens);
}

function rawChunk(chunk: JsonObject, tokens: number): EventFrame {
  return { event: null, data: JSON.stringify(chunk), tokens };
}
