import { LIMITS } from '../config/limits.ts';
import { PassingMap } from '../config/passing-map.ts';
import { subjects } from '../schemas/subjects.ts';
import { decodeEnvelope } from './codec.ts';
import type { Bus, BusMessage } from './connect.ts';
import { CONTROL, controlValue, encodeFrame, FRAME } from './frames.ts';
import { ReplySender, type SenderHost } from './reply-sender.ts';
import { createTicker } from './ticker.ts';

/** A stream and a sequence number: an acknowledgement, or the next number to come. */
export type StreamPosition = readonly [streamId: string, sequence: number];

/** The worker side of all reply streams of one process. Disposing it stops its timers; streams are not ended. */
export interface ReplyHost extends AsyncDisposable {
  readonly workerId: string;
  /** Streams that are open or wait for their last acknowledgement. */
  readonly openStreams: number;
  /** Opens a stream and sends ACCEPT. Null when this stream id was opened before: a duplicate dispatch. */
  open(streamId: string, ingressId: string): ReplySender | null;
}

const TICK_MS = 100;
/** Duplicate dispatches are recognised among this many last stream ids, at least. */
const RECENT_STREAMS_MIN = 20_000;
/** A list message names at most this many streams. */
const LIST_MAX = 2_000;

/** Serves the control subject of this worker and keeps its streams alive. */
export function startReplyHost(bus: Bus, options: { workerId: string }): ReplyHost {
  const { workerId } = options;
  const senders = new PassingMap<string, ReplySender>();
  const recent = createRecent(RECENT_STREAMS_MIN);
  let toFlush = new Set<ReplySender>();
  let flushTimer: NodeJS.Timeout | undefined;
  let toFlushSoon = new Set<ReplySender>();
  let flushImmediate: NodeJS.Immediate | undefined;

  // One timer for all streams: their frames leave in one socket write.
  const flushAll = (): void => {
    flushTimer = undefined;
    const due = toFlush;
    toFlush = new Set();
    for (const sender of due) sender.flush();
  };
  const flushSoon = (): void => {
    flushImmediate = undefined;
    const due = toFlushSoon;
    toFlushSoon = new Set();
    for (const sender of due) sender.flush();
  };
  const hostOf = (streamId: string, ingressId: string): SenderHost => {
    const subject = subjects.reply(ingressId, streamId);
    return {
      nowMs: () => performance.now(),
      publish: (message) => bus.publish(subject, message),
      flushSoon(sender) {
        toFlushSoon.add(sender);
        flushImmediate ??= setImmediate(flushSoon);
      },
      scheduleFlush(sender) {
        toFlush.add(sender);
        flushTimer ??= setTimeout(flushAll, LIMITS.replyCoalesceMsMax);
      },
      finished(sender) {
        senders.delete(sender.streamId);
        toFlush.delete(sender);
      },
    };
  };

  const control = bus.subscribe(
    subjects.anyControl(workerId),
    (message) => onControl(message, { bus, senders }),
    { isWillingHere: () => true },
  );
  const stopListening = bus.onReconnect(() => {
    for (const sender of senders.values()) sender.resend();
  });
  const ticker = createTicker(TICK_MS, () => {
    tick({ bus, senders, workerId });
    return senders.size > 0;
  });

  return {
    workerId,
    get openStreams() {
      return senders.size;
    },
    open(streamId, ingressId) {
      if (!recent.add(streamId)) return null;
      const sender = new ReplySender(hostOf(streamId, ingressId), { streamId, ingressId });
      senders.set(streamId, sender);
      ticker.start();
      sender.accept(workerId);
      return sender;
    },
    async [Symbol.asyncDispose]() {
      ticker[Symbol.dispose]();
      stopListening();
      clearTimeout(flushTimer);
      clearImmediate(flushImmediate);
      flushAll();
      flushSoon();
      await control.drain();
    },
  };
}

interface HostState {
  readonly bus: Bus;
  readonly senders: PassingMap<string, ReplySender>;
}

function onControl(message: BusMessage, state: HostState): void {
  const type = message.data[0];
  if (type === CONTROL.ALIVE || type === CONTROL.PROBE) {
    const positions = decodeEnvelope<StreamPosition[]>(message.data.subarray(1));
    const unknown: string[] = [];
    for (const [streamId, sequence] of positions) {
      const sender = state.senders.get(streamId);
      if (sender === undefined) unknown.push(streamId);
      else {
        sender.acknowledge(sequence);
        // A probe comes after silence: what is unacknowledged now was probably lost.
        if (type === CONTROL.PROBE) sender.resend();
      }
    }
    if (type === CONTROL.PROBE) {
      state.bus.publish(message.reply, encodeFrame(FRAME.PROBED, unknown));
    }
    return;
  }
  if (message.isNoResponders) {
    // The answer to WANTED: the ingress whose id is the last token is gone.
    const ingressId = message.subject.slice(message.subject.lastIndexOf('.') + 1);
    for (const sender of state.senders.values()) {
      if (sender.ingressId === ingressId) sender.cancel();
    }
    return;
  }
  const sender = state.senders.get(message.subject.slice(message.subject.lastIndexOf('.') + 1));
  if (sender === undefined) return;
  if (type === CONTROL.ACK) sender.acknowledge(controlValue(message.data));
  else if (type === CONTROL.RESUME) {
    sender.acknowledge(controlValue(message.data));
    sender.resend();
  } else if (type === CONTROL.CANCEL) sender.cancel();
}

function tick(state: HostState & { workerId: string }): void {
  const { bus, senders, workerId } = state;
  const nowMs = performance.now();
  // While our own connection is down, or just came back, silence says nothing about the peer.
  const mayJudge = bus.isConnected && nowMs - bus.connectedAtMs > LIMITS.reconnectGraceMs;
  const idle = new Map<string, StreamPosition[]>();
  const doubtful = new Set<string>();
  for (const sender of senders.values()) {
    const silenceMs = nowMs - sender.heardAtMs;
    if (sender.endedAtMs !== null) {
      if (nowMs - sender.endedAtMs > LIMITS.replyLingerMsMax) sender.cancel();
    } else if (mayJudge && silenceMs > LIMITS.ingressHungMsMax) sender.cancel();
    if (mayJudge && silenceMs > LIMITS.ingressSilenceMsMax) doubtful.add(sender.ingressId);
    if (nowMs - sender.sentAtMs < LIMITS.replyHeartbeatMs) continue;
    sender.sentAtMs = nowMs;
    const list = idle.get(sender.ingressId) ?? [];
    list.push([sender.streamId, sender.nextSequence]);
    idle.set(sender.ingressId, list);
  }
  if (!bus.isConnected) return;
  for (const [ingressId, positions] of idle) {
    const subject = subjects.reply(ingressId, workerId);
    for (let start = 0; start < positions.length; start += LIST_MAX) {
      const list = positions.slice(start, start + LIST_MAX);
      bus.publish(subject, encodeFrame(FRAME.HEARTBEAT, list));
    }
  }
  for (const ingressId of doubtful) {
    const subject = subjects.reply(ingressId, workerId);
    bus.publish(subject, encodeFrame(FRAME.WANTED), subjects.control(workerId, ingressId));
  }
}

/**
 * Remembers the last `countMin` to twice as many ids; `add` returns false for one of them. They go half at a time:
 * looking for the oldest entry of a set passes over all that were deleted before it.
 */
function createRecent(countMin: number): { add(id: string): boolean } {
  let younger = new Set<string>();
  let older = new Set<string>();
  return {
    add(id) {
      if (older.has(id)) return false;
      const known = younger.size;
      if (younger.add(id).size === known) return false;
      if (known + 1 >= countMin) {
        older = younger;
        younger = new Set();
      }
      return true;
    },
  };
}
