import type { LoggedEvent } from './event-stream.ts';

/** What JetStream says of a message that a consumer delivered. */
export interface Delivery {
  readonly streamSequence: number;
  /** Counts what this consumer delivered, from 1. */
  readonly deliverySequence: number;
  /** Unix milliseconds. */
  readonly storedAtMs: number;
  /** Messages that the consumer still has to deliver. */
  readonly pending: number;
}

/** Begins the reply subject of every message that a consumer delivers. */
const DELIVERY_PREFIX = '$JS.ACK.';
const MS_NS = 1_000_000;
/** Tokens without domain and account; and these two, which a server may add. */
const TOKENS_MIN = 9;
const MORE_TOKENS = 2;

/**
 * Reads the reply subject of a delivered message. Null = it is none.
 *
 * `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<deliveries>.<stream sequence>.<delivery sequence>.<ns>.<pending>[.<random>]`
 */
export function readDelivery(reply: string): Delivery | null {
  if (!reply.startsWith(DELIVERY_PREFIX)) return null;
  const tokens = reply.split('.');
  const shift = tokens.length >= TOKENS_MIN + MORE_TOKENS ? MORE_TOKENS : 0;
  const [streamSequence = Number.NaN, deliverySequence = Number.NaN, ns = Number.NaN, pending] =
    tokens.slice(5 + shift, 9 + shift).map(Number);
  if (pending === undefined || !Number.isSafeInteger(streamSequence + deliverySequence))
    return null;
  return { streamSequence, deliverySequence, storedAtMs: Math.floor(ns / MS_NS), pending };
}

/** An event as its consumer delivered it. */
export function loggedEvent(
  { streamSequence: sequence, storedAtMs }: Delivery,
  { subject, data }: { readonly subject: string; readonly data: Uint8Array },
): LoggedEvent {
  return { sequence, subject, data, storedAtMs };
}
