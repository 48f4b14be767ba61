import { runSession } from './client.ts';
import { createDay, type DayShape } from './day.ts';
import { createFaults } from './faults.ts';
import type { Router } from './gateway-router.ts';
import { DAY_START_MS, PROVIDERS } from './providers.ts';
import { type DayResult, Tally } from './tally.ts';
import { Timeline } from './timeline.ts';
import { Upstream } from './upstream.ts';

/** Which day. */
export interface DayPlan {
  readonly seed: number;
  readonly shape: DayShape;
}

/** Lets a router serve a day. The same seed and router give the same result. */
export function simulateDay(router: Router, { seed, shape }: DayPlan): DayResult {
  const timeline = new Timeline(DAY_START_MS);
  const providers = PROVIDERS.map(({ target }) => target.provider);
  const faults = createFaults(seed, shape, providers);
  const upstreams = new Map(
    PROVIDERS.map((profile) => [profile.target.provider, new Upstream(profile, faults, seed)]),
  );
  const tally = new Tally();
  const world = { timeline, router, upstreams, tally };
  for (const session of createDay(seed, shape)) timeline.start(runSession(world, session));
  timeline.run();
  return tally.result();
}
