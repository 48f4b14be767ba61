import type { Random } from '../routing/random.ts';
import type { Bed } from './bed.ts';
import type { Hole } from './hole.ts';

/** A moment at which a process is killed, again and again. */
export interface CrashPoint {
  readonly name: string;
  readonly about: string;
  readonly environment?: Record<string, string>;
  readonly hasLedger?: boolean;
  /** Where the upstream is a hole: how its address is spelled. */
  readonly hole?: (address: string) => Record<string, string>;
  /** JetStream never acknowledges. */
  readonly isSilent?: boolean;
  /** Kills once, at the moment. */
  round(bed: Bed, context: RoundContext): Promise<void>;
}

/** What a round may need. */
export interface RoundContext {
  readonly random: Random;
  readonly hole: Hole | null;
  readonly index: number;
}
