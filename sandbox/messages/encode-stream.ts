import type { Framing } from '../behaviour.ts';
import { breakFrames, isEventFault } from '../break-frames.ts';
import { isUsageMissing } from '../damage-usage.ts';
import type { Answer } from '../dialect.ts';
import { type EncodedStream, type EventFrame, encodeEvents, joinStreams } from '../event-stream.ts';
import type { Script } from '../script/script.ts';
import type { AnswerStyle } from './answer-style.ts';
import { blockFrames, frame } from './block-frames.ts';
import { MESSAGES_BREAKS } from './break-frames.ts';
import { deltaUsage, startUsage } from './usage.ts';

const BYTE_ORDER_MARK = '\uFEFF';

interface EncodedBlocks {
  readonly framing: Framing;
  readonly isPadded: boolean;
  readonly stream: EncodedStream;
}

// A script without ids of its own is the same bytes in every answer, so they are made once.
const encodedBlocks = new WeakMap<Script, EncodedBlocks>();

/** Makes the events of an answer, and any fault that is inside them. */
export function encodeStream(answer: Answer, style: AnswerStyle): EncodedStream {
  const { behaviour, script } = answer;
  const { framing, fault } = behaviour;
  const mark = framing.hasByteOrderMark ? BYTE_ORDER_MARK : '';
  const habits = { isPadded: style.isPadded, lineEnding: 'lf' } as const;
  const start = { ...habits, preamble: mark + style.preamble };
  if (fault !== null && isEventFault(fault)) {
    const frames = [
      startFrame(answer, style),
      ...blocksOf(answer, style),
      ...tailFrames(answer, style),
    ];
    const { frames: broken, endlessEvent } = breakFrames(frames, fault, MESSAGES_BREAKS);
    return { ...encodeEvents(broken, framing, start), endlessEvent };
  }
  const inside = { ...habits, preamble: '' };
  const cached = encodedBlocks.get(script);
  let blocks =
    cached?.framing === framing && cached.isPadded === style.isPadded ? cached.stream : null;
  if (blocks === null) {
    blocks = encodeEvents(blocksOf(answer, style), framing, inside);
    if (script.blocks.every((block) => block.type !== 'tool_use' || block.id !== null)) {
      encodedBlocks.set(script, { framing, isPadded: style.isPadded, stream: blocks });
    }
  }
  return joinStreams([
    encodeEvents([startFrame(answer, style)], framing, start),
    blocks,
    encodeEvents(tailFrames(answer, style), framing, inside),
  ]);
}

function blocksOf({ script, ids }: Answer, style: AnswerStyle): EventFrame[] {
  return blockFrames(script.blocks, () => ids.next(style.toolUsePrefix));
}

function startFrame(answer: Answer, style: AnswerStyle): EventFrame {
  const message = {
    model: style.responseModel(answer.prompt.model),
    id: answer.ids.next(style.messagePrefix),
    type: 'message',
    role: 'assistant',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    ...(isUsageMissing(answer.behaviour.fault) ? {} : { usage: startUsage(answer) }),
  };
  return frame('message_start', `"message":${JSON.stringify(message)}`);
}

function tailFrames(answer: Answer, style: AnswerStyle): EventFrame[] {
  const { stopReason, stopSequence } = answer.script;
  const delta = { stop_reason: stopReason, stop_sequence: stopSequence, stop_details: null };
  const usage = isUsageMissing(answer.behaviour.fault)
    ? ''
    : `,"usage":${JSON.stringify(deltaUsage(answer, style.extraUsage(answer)))}`;
  return [
    frame('message_delta', `"delta":${JSON.stringify(delta)}${usage}`),
    frame('message_stop', ''),
  ];
}
