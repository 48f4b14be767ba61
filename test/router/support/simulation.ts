import type { RoutingState } from '../../../router/knowledge.ts';
import { createRoutingState } from '../../../router/state/routing-state.ts';
import { seededRandom } from './seeded-random.ts';
import { PROVIDERS, RATE_LIMITS, Schedule, type SimulationCounts } from './simulated-schedule.ts';

const MINUTE_MS = 60_000;

/** Runs schedules one after another on one clock; a state is emptied in between because making one takes longer. */
export class Simulation {
  readonly counts: SimulationCounts = {
    requests: 0,
    retries: 0,
    failures: 0,
    ejections: 0,
    closures: 0,
    waits: 0,
    restores: 0,
    budgetless: 0,
  };
  readonly #jitter = { value: 0 };
  readonly #state = newState(() => this.#jitter.value);
  readonly #copy = newState(() => this.#jitter.value);
  #nowMs = 1_000_000;

  /** Throws when an invariant is broken. */
  run(seed: number): void {
    const random = seededRandom(seed);
    this.#jitter.value = random();
    this.#state.restore({ v: 1 }, this.#nowMs);
    const copy = random() < 0.1 ? this.#copy : null;
    copy?.restore({ v: 1 }, this.#nowMs);
    const schedule = new Schedule(random, this.#nowMs, {
      state: this.#state,
      copy,
      counts: this.counts,
    });
    // Long enough for everything that is timed to be over.
    this.#nowMs = schedule.run() + MINUTE_MS;
  }
}

function newState(random: () => number): RoutingState {
  return createRoutingState({
    rateLimits: RATE_LIMITS,
    threshold: 0.8,
    providers: PROVIDERS.map((provider) => ({ provider, accounts: ['KEY_1', 'KEY_2'] })),
    random,
  });
}
