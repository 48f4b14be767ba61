import type { RouteRequest } from '../schemas/envelope.ts';
import type { ProviderId } from '../schemas/provider.ts';

/** A provider that could serve the request now. */
export interface Candidate {
  readonly provider: ProviderId;
  /** Place in the configured chain, from 0. */
  readonly chainIndex: number;
}

/** Orders candidates, best first. Pure: no clock, no I/O, no mutation; it drops nobody. */
export type Strategy = (
  candidates: readonly Candidate[],
  request: RouteRequest,
) => readonly Candidate[];
