import type { Hash } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Decision } from './decide.ts';
import type { Fault } from './fault.ts';
import type { OpenRecord } from './recorder.ts';
import { sendStream } from './send-stream.ts';

/** Share of a whole body that is sent before a fault inside it. */
const PARTIAL_SHARE = 0.5;
/** Bytes of the next event that a cut inside it lets through. */
const MID_EVENT_BYTES = 20;

/** What `perform` needs beside the decision. */
export interface Stage {
  readonly response: ServerResponse;
  readonly record: OpenRecord;
  /** Takes every body byte that is given to the socket. */
  readonly answerHash: Hash;
  /** True when this connection has served a request before. */
  readonly isReused: boolean;
}

/** Sends what was decided, or breaks it off as the fault says. Resolves when the sandbox has nothing left to do. */
export async function perform(decision: Decision, stage: Stage): Promise<void> {
  const { response, record } = stage;
  const { fault, firstByteMs } = decision.behaviour;
  if (firstByteMs > 0) await delay(response, firstByteMs);
  if (response.destroyed) return;
  if (fault?.kind === 'reset' && (fault.when === 'always' || stage.isReused)) {
    record.fault = fault.kind;
    response.socket?.resetAndDestroy();
    return;
  }
  record.fault = fault === null || fault.kind === 'reset' ? null : fault.kind;
  if (fault?.kind === 'stall' && fault.at === 'before-headers') return untilClosed(response);
  record.status = decision.status;
  const headers = decision.headers.flat();
  if (decision.stream !== null) {
    response.writeHead(decision.status, headers);
    return performStream(decision, stage);
  }
  const body = Buffer.from(decision.body ?? '');
  headers.push('content-length', String(body.length));
  response.writeHead(decision.status, headers);
  return performWhole(body, decision, stage);
}

async function performStream(
  decision: Decision,
  { response, record, answerHash }: Stage,
): Promise<void> {
  const { behaviour, stream } = decision;
  const { fault } = behaviour;
  if (stream === null) return;
  if (fault?.kind === 'stall' && fault.at === 'after-headers') {
    response.flushHeaders();
    return untilClosed(response);
  }
  const place = breakPlace(fault);
  if (place?.events === 0 && place.extraBytes === 0) response.flushHeaders();
  else {
    await sendStream(response, stream, {
      behaviour,
      eventsMax: place?.events ?? stream.ends.length,
      extraBytes: place?.extraBytes ?? 0,
      onPiece(piece, tokensSent) {
        answerHash.update(piece);
        record.answerBytes += piece.length;
        record.tokensSent = tokensSent;
      },
    });
  }
  await finish(fault, response);
}

async function performWhole(
  body: Buffer,
  decision: Decision,
  { response, record, answerHash }: Stage,
): Promise<void> {
  const { fault } = decision.behaviour;
  const isPartial = fault?.kind === 'cut' || fault?.kind === 'stall';
  const part = isPartial ? body.subarray(0, Math.floor(body.length * PARTIAL_SHARE)) : body;
  answerHash.update(part);
  record.answerBytes = part.length;
  if (fault?.kind === 'stall' && fault.at === 'after-headers') {
    response.flushHeaders();
    return untilClosed(response);
  }
  record.tokensSent = decision.outputTokens;
  if (!isPartial) {
    response.end(part);
    return;
  }
  await new Promise((resolve) => response.write(part, resolve));
  await finish(fault, response);
}

function breakPlace(fault: Fault | null): { events: number; extraBytes: number } | null {
  if (fault?.kind === 'cut') {
    return { events: fault.afterEvents, extraBytes: fault.isMidEvent ? MID_EVENT_BYTES : 0 };
  }
  if (fault?.kind === 'stall') return { events: fault.afterEvents, extraBytes: 0 };
  return null;
}

async function finish(fault: Fault | null, response: ServerResponse): Promise<void> {
  if (response.destroyed) return;
  if (fault?.kind === 'stall') return untilClosed(response);
  if (fault?.kind !== 'cut') {
    response.end();
    return;
  }
  await flushed(response);
  // An orderly end of the connection, so that what was sent arrives before it breaks.
  response.socket?.destroySoon();
}

// Chunks are corked until the next tick; the socket then holds all of them.
async function flushed(response: ServerResponse): Promise<void> {
  const { socket } = response;
  if (socket === null) return;
  await new Promise((resolve) => setImmediate(resolve));
  if (socket.writableLength > 0) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
}

async function untilClosed(response: ServerResponse): Promise<void> {
  if (!response.destroyed) await once(response, 'close');
}

function delay(response: ServerResponse, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      response.off('close', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    response.once('close', done);
  });
}
