import { LIMITS } from '../config/limits.ts';
import { PassingMap } from '../config/passing-map.ts';
import { GatewayError } from '../schemas/error.ts';
import { subjects } from '../schemas/subjects.ts';
import type { Bus } from './connect.ts';

/**
 * The request bodies that this process holds as an ingress, by request id. A worker in the same process takes them by
 * reference: the one shared value of two roles, because copying 100 KB twice through a socket to ourselves buys nothing.
 */
const localBodies = new PassingMap<string, Uint8Array>();

/** Keeps the bodies of requests under way and serves them in pieces. */
export interface BodyStore extends AsyncDisposable {
  /** Bodies held now. */
  readonly size: number;
  put(requestId: string, body: Uint8Array): void;
  delete(requestId: string): void;
}

const NO_BYTES = new Uint8Array(0);

/** Serves `gw.v1.body.<ingressId>.*`: the request is a u32le offset, the answer the piece that begins there. */
export function startBodyStore(bus: Bus, options: { ingressId: string }): BodyStore {
  const { ingressId } = options;
  const held = new Set<string>();
  const subscription = bus.subscribe(subjects.anyBody(ingressId), (message) => {
    const requestId = message.subject.slice(message.subject.lastIndexOf('.') + 1);
    const body = localBodies.get(requestId);
    const offset = Buffer.from(message.data).readUInt32LE(0);
    // An empty piece says that the request is over.
    const piece = body?.subarray(offset, offset + LIMITS.bodyPieceBytesMax) ?? NO_BYTES;
    bus.publish(message.reply, piece);
  });
  return {
    get size() {
      return held.size;
    },
    put(requestId, body) {
      held.add(requestId);
      localBodies.set(requestId, body);
    },
    delete(requestId) {
      held.delete(requestId);
      localBodies.delete(requestId);
    },
    async [Symbol.asyncDispose]() {
      for (const requestId of held) localBodies.delete(requestId);
      await subscription.drain();
    },
  };
}

/** Which body to fetch. */
export interface BodyReference {
  readonly ingressId: string;
  readonly requestId: string;
  readonly bodyBytes: number;
}

/**
 * Fetches a body that did not travel with its dispatch: by reference in one process, else in pieces over the bus.
 *
 * @throws GatewayError `api_error` when the ingress no longer holds it or does not answer within `bodyPullMsMax`.
 */
export async function fetchBody(
  bus: Bus,
  reference: BodyReference,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const local = localBodies.get(reference.requestId);
  if (local !== undefined) return local;
  const body = Buffer.allocUnsafe(reference.bodyBytes);
  const giveUpAtMs = performance.now() + LIMITS.bodyPullMsMax;
  let next = 0;
  const pull = async (): Promise<void> => {
    while (next < body.length) {
      const offset = next;
      next += LIMITS.bodyPieceBytesMax;
      await pullPiece(bus, { reference, body, offset, giveUpAtMs, signal });
    }
  };
  await Promise.all(Array.from({ length: LIMITS.bodyPiecesInFlightMax }, pull));
  return body;
}

const PIECE_MS_MAX = 2_000;

async function pullPiece(
  bus: Bus,
  options: {
    reference: BodyReference;
    body: Buffer;
    offset: number;
    giveUpAtMs: number;
    signal: AbortSignal;
  },
): Promise<void> {
  const { reference, body, offset, giveUpAtMs, signal } = options;
  const subject = subjects.body(reference.ingressId, reference.requestId);
  const question = Buffer.allocUnsafe(4);
  question.writeUInt32LE(offset, 0);
  for (;;) {
    signal.throwIfAborted();
    if (performance.now() > giveUpAtMs) throw bodyGone('did not arrive in time');
    try {
      const answer = await bus.connection.request(subject, question, { timeout: PIECE_MS_MAX });
      const wanted = Math.min(LIMITS.bodyPieceBytesMax, body.length - offset);
      if (answer.data.length !== wanted) throw bodyGone('is no longer held');
      body.set(answer.data, offset);
      return;
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      // Asking again is harmless; while the connection is down, wait for it instead of spinning.
      if (!(await bus.whenConnected(PIECE_MS_MAX))) continue;
      if (error instanceof Error && isNoResponders(error)) throw bodyGone('lost its ingress');
    }
  }
}

function isNoResponders(error: Error): boolean {
  return 'isNoResponders' in error && (error as { isNoResponders(): boolean }).isNoResponders();
}

function bodyGone(what: string): GatewayError {
  return new GatewayError('api_error', `the request body ${what}`, { status: 502 });
}
