import { ClosedIds, type PackedIds } from './closed-ids.ts';
import { CHAIN_BYTES, emptyState, type LedgerState, type OpenReservation } from './ledger-state.ts';
import { closeOf } from './periods.ts';
import { type PackedTotals, packTotals, unpackTotals } from './running-totals.ts';

/** A state as it lies in KV `gw-totals`, key `snapshot`: all but the full chunks of ids, which are keys of their own. */
export interface Snapshot
  extends Pick<
    LedgerState,
    | 'sequence'
    | 'chainedFrom'
    | 'storedAtMs'
    | 'streamMs'
    | 'streamCreated'
    | 'countsFromMs'
    | 'holes'
    | 'oddities'
  > {
  readonly v: 1;
  /** Hex. */
  readonly chain: string;
  readonly periods: readonly (readonly [string, PackedTotals])[];
  readonly reservations: readonly OpenReservation[];
  readonly ids: PackedIds;
  readonly marks: readonly (readonly [string, number])[];
}

/** The state as plain data, to be written at once: it shares what the state goes on changing. */
export function packState(state: LedgerState): Snapshot {
  return {
    v: 1,
    sequence: state.sequence,
    chain: Buffer.from(state.chain).toString('hex'),
    chainedFrom: state.chainedFrom,
    storedAtMs: state.storedAtMs,
    streamMs: state.streamMs,
    streamCreated: state.streamCreated,
    countsFromMs: state.countsFromMs,
    periods: Array.from(state.periods, ([period, totals]) => [period, packTotals(totals)] as const),
    reservations: [...state.reservations.values()],
    ids: state.closedIds.pack(),
    marks: [...state.marks],
    holes: state.holes,
    oddities: state.oddities,
  };
}

/** Reads the JSON of `packState`. `chunks` are the ids' full ones, in order. Throws on what no ledger wrote. */
export function unpackState(snapshot: Snapshot, chunks: readonly Uint8Array[]): LedgerState {
  const state = emptyState(ClosedIds.unpack(snapshot.ids, chunks));
  const chain = Buffer.from(snapshot.chain, 'hex');
  if (chain.length !== CHAIN_BYTES) throw new Error('the hash chain of a snapshot is cut off');
  state.sequence = snapshot.sequence;
  state.chain = chain;
  state.chainedFrom = snapshot.chainedFrom;
  state.storedAtMs = snapshot.storedAtMs;
  state.streamMs = snapshot.streamMs;
  state.streamCreated = snapshot.streamCreated;
  state.countsFromMs = snapshot.countsFromMs;
  state.holes.push(...snapshot.holes);
  Object.assign(state.oddities, snapshot.oddities);
  for (const [id, atMs] of snapshot.marks) state.marks.set(id, atMs);
  for (const each of snapshot.reservations) state.reservations.set(each.attemptId, each);
  for (const [period, totals] of snapshot.periods) {
    state.periods.set(period, unpackTotals(totals));
    state.closesAtMs = Math.min(state.closesAtMs, closeOf(period));
  }
  return state;
}

/** Reads a snapshot's JSON. Throws on what no ledger of this version wrote. */
export function parseSnapshot(json: string): Snapshot {
  const snapshot: unknown = JSON.parse(json);
  if (!isSnapshot(snapshot)) throw new Error('the ledger’s snapshot has an unknown shape');
  return snapshot;
}

function isSnapshot(value: unknown): value is Snapshot {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'v' in value && value.v === 1 && 'sequence' in value && 'ids' in value && 'periods' in value
  );
}
