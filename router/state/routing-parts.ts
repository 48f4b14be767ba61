import type { RateLimit } from '../../config/load-rate-limits.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import type { RoutingSnapshot } from '../knowledge.ts';
import { Circuits } from './circuits.ts';
import { EndedAttempts } from './ended-attempts.ts';
import { InternedTargets } from './interned-targets.ts';
import { OutputSizes } from './output-sizes.ts';
import { ProviderTallies } from './provider-tallies.ts';
import { Reservations } from './reservations.ts';
import { RetryBudgets } from './retry-budgets.ts';
import { Sessions } from './sessions.ts';
import { fieldOf } from './snapshot-entries.ts';
import { Speeds } from './speeds.ts';
import { Successes } from './successes.ts';
import { Windows } from './windows.ts';

/** What a routing state is made for. */
export interface RoutingStateOptions {
  readonly rateLimits: readonly RateLimit[];
  /** The share of a window beyond which others are preferred, 0 to 1. */
  readonly threshold: number;
  readonly providers: readonly {
    readonly provider: ProviderId;
    readonly accounts: readonly string[];
  }[];
  /** 0 to 1, below 1. */
  readonly random: () => number;
  /** Makes Unix milliseconds of the clock that all calls share; without it they are the same. */
  readonly toUnixMs?: (nowMs: number) => number;
}

const VERSION = 1;

/** What a routing state is made of. Each part learns one thing. */
export class RoutingParts {
  readonly windows: Windows;
  readonly circuits: Circuits;
  readonly speeds = new Speeds();
  readonly successes = new Successes();
  readonly outputSizes = new OutputSizes();
  readonly sessions = new Sessions();
  readonly retryBudgets = new RetryBudgets();
  readonly tallies = new ProviderTallies();
  readonly ended = new EndedAttempts();
  readonly targets = new InternedTargets();
  /** This router's own; no snapshot carries them. */
  readonly reservations = new Reservations();

  constructor({ rateLimits, threshold, providers, random }: RoutingStateOptions) {
    this.windows = new Windows({ rateLimits, threshold });
    this.circuits = new Circuits({ random, providers: providers.map(({ provider }) => provider) });
  }

  /** All but the sessions: these change with every answer and are too many for that. */
  snapshot(nowMs: number): RoutingSnapshot {
    return {
      v: VERSION,
      windows: this.windows.snapshot(nowMs),
      circuits: this.circuits.snapshot(nowMs),
      speeds: this.speeds.snapshot(nowMs),
      successes: this.successes.snapshot(nowMs),
      outputSizes: this.outputSizes.snapshot(nowMs),
      retryBudgets: this.retryBudgets.snapshot(nowMs),
      tallies: this.tallies.snapshot(nowMs),
      ended: this.ended.snapshot(),
    };
  }

  /** False = of another version; nothing has changed. */
  restore(json: unknown, nowMs: number): boolean {
    if (fieldOf(json, 'v') !== VERSION) return false;
    this.windows.restore(fieldOf(json, 'windows'), nowMs);
    this.circuits.restore(fieldOf(json, 'circuits'), nowMs);
    this.speeds.restore(fieldOf(json, 'speeds'), nowMs);
    this.successes.restore(fieldOf(json, 'successes'), nowMs);
    this.outputSizes.restore(fieldOf(json, 'outputSizes'), nowMs);
    this.retryBudgets.restore(fieldOf(json, 'retryBudgets'), nowMs);
    this.tallies.restore(fieldOf(json, 'tallies'), nowMs);
    this.ended.restore(fieldOf(json, 'ended'));
    return true;
  }
}
