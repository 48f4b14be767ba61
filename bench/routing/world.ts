import type { ProviderId } from '../../schemas/provider.ts';
import type { Router } from './gateway-router.ts';
import type { Tally } from './tally.ts';
import type { Timeline } from './timeline.ts';
import type { Upstream } from './upstream.ts';

/** Everything that a day's processes share. */
export interface World {
  readonly timeline: Timeline;
  readonly router: Router;
  readonly upstreams: ReadonlyMap<ProviderId, Upstream>;
  readonly tally: Tally;
}
