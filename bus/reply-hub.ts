import { LIMITS } from '../config/limits.ts';
import { PassingMap } from '../config/passing-map.ts';
import { subjects } from '../schemas/subjects.ts';
import { encodeEnvelope } from './codec.ts';
import type { Bus, BusMessage } from './connect.ts';
import {
  CONTROL,
  encodeControl,
  envelopeIn,
  FRAME,
  forEachFrame,
  type Payload,
  textIn,
} from './frames.ts';
import { createQuestions, type Questions } from './questions.ts';
import type { StreamPosition } from './reply-host.ts';
import { type ReplyListener, ReplyStream, type StreamHub } from './reply-stream.ts';
import { createTicker } from './ticker.ts';

/** The ingress side of all reply streams of one process. */
export interface ReplyHub extends AsyncDisposable {
  readonly ingressId: string;
  readonly openStreams: number;
  /** Expects a reply stream; dispatch the work right after, with `subjects.reply(ingressId, streamId)` as reply. */
  open(streamId: string, listener: ReplyListener): ReplyStream;
  /** Asks a router; resolves with its answer, null when nobody answers: at once without routers, else after `waitMs`. */
  ask(question: object, waitMs: number): Promise<unknown>;
}

interface HubState {
  readonly bus: Bus;
  readonly ingressId: string;
  readonly streams: PassingMap<string, ReplyStream>;
  readonly questions: Questions;
}

const TICK_MS = 100;
const ALIVE_MS = 1_000;

/** Serves the reply subject of this ingress and watches over its streams. */
export function startReplyHub(bus: Bus, options: { ingressId: string }): ReplyHub {
  const { ingressId } = options;
  const questions = createQuestions(bus, { ingressId, subject: subjects.route() });
  const state: HubState = { bus, ingressId, streams: new PassingMap(), questions };
  const { streams } = state;
  const ended = createEndedLists(bus);
  const hub: StreamHub = {
    nowMs: () => performance.now(),
    control: ({ workerId, streamId, type, value, wantsVerdict }) =>
      bus.publish(
        subjects.control(workerId, streamId),
        encodeControl(type, value),
        wantsVerdict === true ? subjects.reply(ingressId, streamId) : undefined,
      ),
    ended: (workerId, streamId, sequence) => ended.add(workerId, [streamId, sequence]),
    closed: (stream) => streams.delete(stream.streamId),
  };
  const replies = bus.subscribe(
    subjects.anyReply(ingressId),
    (message) => onReply(message, state),
    { isWillingHere: () => true },
  );
  const stopListening = bus.onReconnect(() => {
    for (const stream of streams.values()) stream.resume();
  });
  let aliveAtMs = 0;
  const ticker = createTicker(TICK_MS, () => {
    const nowMs = performance.now();
    judge(state, nowMs);
    if (nowMs - aliveAtMs >= ALIVE_MS) {
      aliveAtMs = nowMs;
      sendLists(state, [...streams.values()], CONTROL.ALIVE);
    }
    return streams.size > 0;
  });

  return {
    ingressId,
    get openStreams() {
      return streams.size;
    },
    open(streamId, listener) {
      const stream = new ReplyStream(hub, { streamId, listener });
      streams.set(streamId, stream);
      ticker.start();
      return stream;
    },
    ask: questions.ask,
    async [Symbol.asyncDispose]() {
      ticker[Symbol.dispose]();
      stopListening();
      for (const stream of streams.values()) stream.cancel();
      questions.close();
      ended.flush();
      await replies.drain();
    },
  };
}

/** Last acknowledgements of streams, by worker: they leave together after a short while. */
function createEndedLists(bus: Bus) {
  let lists = new Map<string, StreamPosition[]>();
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    for (const [workerId, positions] of lists)
      sendList(bus, { workerId, positions, type: CONTROL.ALIVE });
    lists = new Map();
  };
  return {
    flush,
    add(workerId: string, position: StreamPosition): void {
      const list = lists.get(workerId);
      if (list === undefined) lists.set(workerId, [position]);
      else list.push(position);
      timer ??= setTimeout(flush, LIMITS.replyEndedMsMax);
    },
  };
}

function onReply(message: BusMessage, state: HubState): void {
  const token = message.subject.slice(message.subject.lastIndexOf('.') + 1);
  if (message.isNoResponders) {
    state.streams.get(token)?.lose('no-responders');
    state.questions.unanswered(token);
    loseWorker(state, token);
    return;
  }
  forEachFrame(message, (type, sequence, payload) => {
    if (type === FRAME.ROUTE) state.questions.answered(token, sequence, payload);
    else if (type === FRAME.HEARTBEAT) onHeartbeat(state, token, payload);
    else if (type === FRAME.PROBED) onProbed(state, token, payload);
    else if (type === FRAME.WANTED) answerWanted(state, token);
    else {
      const stream = state.streams.get(token);
      if (stream !== undefined) stream.receive(type, sequence, payload);
      else if (type === FRAME.ACCEPT) cancelUnknown(state, token, payload);
    }
  });
}

function onHeartbeat(state: HubState, workerId: string, payload: Payload): void {
  for (const [streamId, nextSequence] of envelopeIn<StreamPosition[]>(payload)) {
    const stream = state.streams.get(streamId);
    if (stream !== undefined) stream.heartbeat(nextSequence, workerId);
    else cancelUnknown(state, streamId, workerId);
  }
}

function onProbed(state: HubState, workerId: string, payload: Payload): void {
  for (const streamId of envelopeIn<string[]>(payload)) {
    state.streams.get(streamId)?.lose('worker-gone');
  }
  for (const stream of state.streams.values()) {
    if (stream.workerId === workerId) stream.heard();
  }
}

// A worker asks because it heard nothing for long: every stream of it that is open here is wanted.
function answerWanted(state: HubState, workerId: string): void {
  const wanted = [...state.streams.values()].filter((stream) => stream.workerId === workerId);
  sendLists(state, wanted, CONTROL.ALIVE);
}

// A stream we gave up, or that ended: its worker must stop.
function cancelUnknown(state: HubState, streamId: string, worker: Payload): void {
  const workerId = textIn(worker);
  state.bus.publish(subjects.control(workerId, streamId), encodeControl(CONTROL.CANCEL, 0));
}

function loseWorker(state: HubState, workerId: string): void {
  for (const stream of state.streams.values()) {
    if (stream.workerId === workerId) stream.lose('worker-gone');
  }
}

// Ends what nobody accepted, asks silent workers whether they live, ends what they left.
function judge(state: HubState, nowMs: number): void {
  const { bus, streams } = state;
  if (!bus.isConnected) return;
  const hasGrace = nowMs - bus.connectedAtMs < LIMITS.reconnectGraceMs;
  const silent: ReplyStream[] = [];
  for (const stream of streams.values()) {
    if (stream.cancelledAtMs !== null) {
      const cancelledMs = nowMs - stream.cancelledAtMs;
      if (cancelledMs > CANCELLED_MS) stream.forget();
      else if (cancelledMs > stream.cancelsSent * CANCEL_AGAIN_MS) stream.cancelAgain();
      continue;
    }
    const silenceMs = nowMs - Math.max(stream.heardAtMs, bus.connectedAtMs);
    if (stream.workerId === null) {
      if (silenceMs > LIMITS.acceptMsMax) stream.lose('not-accepted');
    } else if (!hasGrace && silenceMs > LIMITS.replySilenceMsMax) {
      if (stream.probes > 0 && nowMs - stream.probedAtMs < LIMITS.replyProbeMsMax) continue;
      if (stream.probes >= PROBES_MAX) stream.lose('worker-hung');
      else {
        stream.probes += 1;
        stream.probedAtMs = nowMs;
        silent.push(stream);
      }
    }
  }
  sendLists(state, silent, CONTROL.PROBE);
}

const PROBES_MAX = 2;
/** A cancelled stream waits this long for the word that its worker was gone. */
const CANCELLED_MS = 2_000;
/** A cancelled stream's worker is told again this often meanwhile. */
const CANCEL_AGAIN_MS = 500;
/** A list message names at most this many streams. */
const LIST_MAX = 2_000;

function sendLists(state: HubState, streams: readonly ReplyStream[], type: number): void {
  const byWorker = new Map<string, StreamPosition[]>();
  for (const stream of streams) {
    if (stream.workerId === null) continue;
    const list = byWorker.get(stream.workerId) ?? [];
    list.push([stream.streamId, stream.acknowledged]);
    byWorker.set(stream.workerId, list);
  }
  for (const [workerId, positions] of byWorker) {
    // Answers, and the server's word that the worker is gone, come back under the worker's id.
    const reply = type === CONTROL.PROBE ? subjects.reply(state.ingressId, workerId) : undefined;
    sendList(state.bus, { workerId, positions, type, reply });
  }
}

function sendList(
  bus: Bus,
  list: {
    workerId: string;
    positions: readonly StreamPosition[];
    type: number;
    reply?: string | undefined;
  },
): void {
  const { workerId, positions, type, reply } = list;
  const subject = subjects.control(workerId, 'all');
  for (let start = 0; start < positions.length; start += LIST_MAX) {
    const part = encodeEnvelope(positions.slice(start, start + LIST_MAX));
    bus.publish(subject, Buffer.concat([Buffer.of(type), part]), reply);
  }
}
