import { hash } from 'node:crypto';
import { CHAIN_BYTES } from './state/ledger-state.ts';

/** An event as it lies in the log. */
export interface ChainedEvent {
  readonly sequence: number;
  readonly storedAtMs: number;
  readonly subject: string;
  readonly data: Uint8Array;
}

const NUMBER_BYTES = 8;

/** The next link of the hash chain: SHA-256 of the one before, and of everything that the log says about the event. */
export function nextChain(
  previous: Uint8Array,
  { sequence, storedAtMs, subject, data }: ChainedEvent,
): Uint8Array {
  const subjectAt = CHAIN_BYTES + 2 * NUMBER_BYTES;
  const link = Buffer.allocUnsafe(subjectAt + Buffer.byteLength(subject) + 1 + data.length);
  link.set(previous);
  link.writeDoubleLE(sequence, CHAIN_BYTES);
  link.writeDoubleLE(storedAtMs, CHAIN_BYTES + NUMBER_BYTES);
  let at = subjectAt + link.write(subject, subjectAt);
  at = link.writeUInt8(0, at);
  link.set(data, at);
  return hash('sha256', link, 'buffer');
}
