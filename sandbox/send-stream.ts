import type { ServerResponse } from 'node:http';
import type { Behaviour } from './behaviour.ts';
import type { EncodedStream } from './event-stream.ts';
import { SANDBOX_LIMITS } from './sandbox-limits.ts';

/** How far a stream is sent, and who wants to know. */
export interface SendOptions {
  readonly behaviour: Behaviour;
  /** Events to send; the rest is left out. */
  readonly eventsMax: number;
  /** Bytes of the event after the last that are sent too. */
  readonly extraBytes: number;
  /** Called for every piece given to the socket, with all tokens so far. */
  onPiece(piece: Buffer, tokensSent: number): void;
}

/**
 * Gives a stream to the socket at the behaviour's pace, and waits whenever the socket is full.
 *
 * Every token has a due time counted from the first one, so that a late timer delays no later token. Resolves when
 * everything is given or the caller has left.
 */
export function sendStream(
  response: ServerResponse,
  stream: EncodedStream,
  options: SendOptions,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { behaviour } = options;
  const cursor = createCursor(stream, options);
  let startedAtMs = Number.NaN;
  let timer: NodeJS.Timeout | null = null;
  const finish = (): void => {
    if (timer !== null) clearTimeout(timer);
    resolve();
  };
  const wait = (ms: number): void => {
    timer = setTimeout(step, ms);
  };
  const step = (): void => {
    if (response.destroyed) return;
    const nowMs = performance.now();
    if (cursor.eventsSent === 0 && cursor.isAtTarget) {
      cursor.aimAtStart();
    } else if (cursor.isAtTarget) {
      if (Number.isNaN(startedAtMs)) startedAtMs = nowMs;
      const dueMs = cursor.aim(nowMs - startedAtMs);
      if (dueMs > 0) {
        wait(dueMs);
        return;
      }
    }
    const piece = cursor.take();
    const hasRoom = piece.length === 0 || response.write(piece);
    options.onPiece(piece, cursor.tokensSent);
    if (cursor.isDone) finish();
    else if (!hasRoom) response.once('drain', step);
    else if (cursor.eventsSent === 1 && behaviour.firstContentMs > 0 && Number.isNaN(startedAtMs)) {
      wait(behaviour.firstContentMs);
    } else setImmediate(step);
  };
  response.once('close', finish);
  step();
  return promise;
}

interface Cursor {
  readonly eventsSent: number;
  readonly tokensSent: number;
  readonly isAtTarget: boolean;
  readonly isDone: boolean;
  /** Aims at the end of the first event. */
  aimAtStart(): void;
  /** Aims at the end of the next events that are due; returns the milliseconds until any are. */
  aim(elapsedMs: number): number;
  /** The next bytes on the way to the target. */
  take(): Buffer;
}

function createCursor(stream: EncodedStream, options: SendOptions): Cursor {
  const { tokensPerSecond, chunksPerTick, framing } = options.behaviour;
  const { bytes, ends, tokensUpTo, endlessEvent } = stream;
  const limit = Math.min(options.eventsMax, ends.length);
  const end = (index: number): number => (index === 0 ? 0 : (ends[index - 1] ?? bytes.length));
  const lastByte = Math.min(bytes.length, end(limit) + options.extraBytes);
  let index = 0;
  let position = 0;
  let target = 0;
  let loopedTokens = 0;
  let loopedBytes = 0;
  const loop = (): void => {
    if (endlessEvent === null || index < limit || loopedBytes > SANDBOX_LIMITS.endlessBytesMax)
      return;
    loopedTokens += (tokensUpTo[limit - 1] ?? 0) - (tokensUpTo[endlessEvent - 1] ?? 0);
    loopedBytes += end(limit) - end(endlessEvent);
    index = endlessEvent;
    position = end(index);
    target = position;
  };
  const tokensAt = (at: number): number =>
    loopedTokens + (at === 0 ? 0 : (tokensUpTo[at - 1] ?? 0));
  return {
    get eventsSent() {
      return index;
    },
    get tokensSent() {
      return tokensAt(index);
    },
    get isAtTarget() {
      return position === target;
    },
    get isDone() {
      const isEndless = endlessEvent !== null && loopedBytes <= SANDBOX_LIMITS.endlessBytesMax;
      return index >= limit && position >= lastByte && !isEndless;
    },
    aimAtStart() {
      index = Math.min(1, limit);
      target = index >= limit ? lastByte : end(index);
    },
    aim(elapsedMs) {
      loop();
      const from = index;
      if (tokensPerSecond === null) {
        index = Math.min(limit, index + chunksPerTick);
      } else {
        const allowed = Math.floor((elapsedMs * tokensPerSecond) / 1_000) + 1;
        while (index < limit && tokensAt(index + 1) <= allowed) index += 1;
        if (index === from && index < limit) {
          return Math.max(1, ((tokensAt(index + 1) - 1) * 1_000) / tokensPerSecond - elapsedMs);
        }
      }
      target = index >= limit ? lastByte : end(index);
      return 0;
    },
    take() {
      const to =
        framing.sliceBytes === null ? target : Math.min(target, position + framing.sliceBytes);
      const piece = bytes.subarray(position, to);
      position = to;
      return piece;
    },
  };
}
