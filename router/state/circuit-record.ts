import { LIMITS } from '../../config/limits.ts';
import type { FailureKind } from '../../schemas/observation.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import { SlidingShare } from './sliding-share.ts';

/** Whose circuit it is: an account's, or one of its models'. */
export interface CircuitOwner {
  readonly provider: ProviderId;
  readonly account: string;
  /** Null = the circuit of the whole account. */
  readonly upstreamModel: string | null;
}

/** What a circuit remembers. Times are milliseconds of the caller's clock. `circuit-machine.ts` changes it. */
export interface CircuitRecord {
  readonly owner: CircuitOwner;
  /** `ejected` = open until `untilMs`, half-open from then on. */
  state: 'closed' | 'ejected' | 'blocked';
  /** The last failure that counted; null = none yet. */
  cause: FailureKind | null;
  failuresInRow: number;
  suspectUntilMs: number;
  /** The next probe; Infinity = nobody knows. Has no meaning while closed. */
  untilMs: number;
  /** Ejections since it was healthy for long enough. */
  ejections: number;
  /** When its last ejection ended well; -Infinity = never. */
  closedAtMs: number;
  /** Probes that succeeded in this ejection. */
  rounds: number;
  /** Starts of the attempts that try it now, oldest first. */
  probes: number[];
  readonly share: SlidingShare;
  /** The account's when it was blocked; null = not known then. */
  blockedFingerprint: string | null;
}

/** Slots of the time in which the share of failures counts. */
const SHARE_SLOTS = 6;

/** The circuit of somebody who has never failed. */
export function newCircuit(owner: CircuitOwner): CircuitRecord {
  return {
    owner,
    state: 'closed',
    cause: null,
    failuresInRow: 0,
    suspectUntilMs: Number.NEGATIVE_INFINITY,
    untilMs: Number.POSITIVE_INFINITY,
    ejections: 0,
    closedAtMs: Number.NEGATIVE_INFINITY,
    rounds: 0,
    probes: [],
    share: new SlidingShare({ slotMs: LIMITS.circuitShareMs / SHARE_SLOTS, slots: SHARE_SLOTS }),
    blockedFingerprint: null,
  };
}
