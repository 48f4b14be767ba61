import type { BehaviourInput } from '../../sandbox/behaviour.ts';
import type { SandboxControl } from '../../sandbox/control.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import { between, type Random } from '../routing/random.ts';

/** Something that a provider does wrong before the first byte of an answer. */
export interface StormFault {
  readonly name: string;
  readonly behaviour: BehaviourInput;
  /** Only streams are sent while it lasts: whole messages may take as long as their client waits. */
  readonly isForStreams: boolean;
  /** How many surprises it is: what holds a request for seconds meets it again when the others have changed. */
  readonly surprises: number;
}

const fault = (name: string, behaviour: BehaviourInput): StormFault => ({
  name,
  behaviour,
  isForStreams: false,
  surprises: 1,
});

/** Everything that is injected. */
export const STORM_FAULTS: readonly StormFault[] = [
  fault('429', { fault: { kind: 'status', status: 429 } }),
  fault('429, retry-after 1', { fault: { kind: 'status', status: 429, retryAfterSeconds: 1 } }),
  fault('429, retry-after 20', { fault: { kind: 'status', status: 429, retryAfterSeconds: 20 } }),
  fault('limit of 60 a minute', { limits: { requestsPerMinute: 60 } }),
  fault('529', { fault: { kind: 'status', status: 529 } }),
  fault('500', { fault: { kind: 'status', status: 500 } }),
  fault('reset', { fault: { kind: 'reset' } }),
  fault('HTML', { fault: { kind: 'wrong-body', body: 'html' } }),
  fault('broken JSON', { fault: { kind: 'invalid-json', afterEvents: 0 } }),
  {
    name: 'stall',
    behaviour: { fault: { kind: 'stall', at: 'before-headers' } },
    isForStreams: true,
    surprises: 2,
  },
];

/** Which faults come to whom, and how fast. */
export interface FaultPlan {
  readonly providers: readonly ProviderId[];
  /** Never gets a fault. */
  readonly healthy: ProviderId;
  /** How a provider answers that is well. */
  readonly well: (provider: ProviderId) => BehaviourInput;
  /** Milliseconds from one change of one provider to the next: a mean. */
  readonly changeMs: number;
  readonly random: Random;
}

/** A change of one provider. `fault` null = it is well again. */
export interface FaultChange {
  readonly provider: ProviderId;
  readonly fault: StormFault | null;
}

interface Illness {
  readonly fault: StormFault;
  /** Unix milliseconds. */
  readonly sinceMs: number;
}

/** A request is tried three times: more surprises than two at once would be a lottery. */
const SURPRISES_MAX = 2;
/** An illness is a surprise until somebody met it this long ago. */
const SURPRISE_MS = 2_000;

/** Makes providers ill and well at random; `healthy` stays well. */
export class FaultInjector {
  readonly #control: SandboxControl;
  readonly #plan: FaultPlan;
  readonly #ill = new Map<ProviderId, Illness>();
  /** Changes so far. */
  readonly changes: FaultChange[] = [];

  constructor(control: SandboxControl, plan: FaultPlan) {
    this.#control = control;
    this.#plan = plan;
    for (const provider of plan.providers) control.setBehaviour(provider, plan.well(provider));
  }

  /** Milliseconds until the next change. */
  pauseMs(): number {
    return between(this.#plan.random, 0, 2 * this.#plan.changeMs);
  }

  /** What changes next: one who is well becomes ill, one who is ill becomes well. Null = nothing may. */
  draw(nowMs: number): FaultChange | null {
    const { random, providers, healthy } = this.#plan;
    const provider = pick(
      random,
      providers.filter((each) => each !== healthy),
    );
    if (this.#ill.has(provider)) return { provider, fault: null };
    const next = pick(random, STORM_FAULTS);
    return this.#surprises(nowMs) + next.surprises <= SURPRISES_MAX
      ? { provider, fault: next }
      : null;
  }

  /** Makes a change. */
  apply(change: FaultChange, nowMs: number): void {
    const { provider, fault: next } = change;
    const well = this.#plan.well(provider);
    this.#control.setBehaviour(provider, next === null ? well : { ...well, ...next.behaviour });
    if (next === null) this.#ill.delete(provider);
    else this.#ill.set(provider, { fault: next, sinceMs: nowMs });
    this.changes.push(change);
  }

  /** A fault lasts that only streams may meet. */
  get isForStreams(): boolean {
    return [...this.#ill.values()].some((each) => each.fault.isForStreams);
  }

  #surprises(nowMs: number): number {
    const { requests } = this.#control;
    let surprises = 0;
    for (const [provider, { fault: illness, sinceMs }] of this.#ill) {
      const isKnown = requests.some(
        (each) =>
          each.provider === provider &&
          each.startedAtMs >= sinceMs &&
          each.endedAtMs !== null &&
          each.endedAtMs <= nowMs - SURPRISE_MS &&
          (each.fault !== null || each.status !== 200),
      );
      if (!isKnown) surprises += illness.surprises;
    }
    return surprises;
  }
}

function pick<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
}
