import type { ProviderId } from '../schemas/provider.ts';
import {
  type Behaviour,
  type BehaviourInput,
  behaviourSchema,
  DEFAULT_BEHAVIOUR,
} from './behaviour.ts';
import type { SandboxOperation } from './dialect.ts';
import { FAULT_PRESETS, type FaultPresetName } from './fault-presets.ts';
import type { RecordedRequest, TruthEntry, TruthTotals } from './recorded-request.ts';
import type { Recorder } from './recorder.ts';
import { SANDBOX_LIMITS } from './sandbox-limits.ts';
import type { RequestFilter } from './waiters.ts';

/** A behaviour as it is written, perhaps on top of a fault by name. */
export type BehaviourSpec = BehaviourInput & { readonly preset?: FaultPresetName };

/** How tests and other programs steer the sandbox and see what it saw. */
export interface SandboxControl {
  /** The last `requestsKeptMax` requests whose body arrived, oldest first. */
  readonly requests: readonly RecordedRequest[];
  /** Sets how a provider answers from now on. Throws ZodError. */
  setBehaviour(provider: ProviderId, behaviour: BehaviourSpec): void;
  behaviour(provider: ProviderId): Behaviour;
  /**
   * Adds behaviours for one request each, first in, first out. Their `limits` are ignored: those belong to the
   * provider's standing behaviour. Throws ZodError, and RangeError past `queuedBehavioursMax`.
   */
  enqueue(provider: ProviderId, ...behaviours: BehaviourSpec[]): void;
  /** One-shot behaviours that wait. */
  queued(provider: ProviderId): number;
  /** What was really sent, for comparing an account with. */
  truth(): {
    readonly totals: Partial<Record<ProviderId, TruthTotals>>;
    readonly entries: readonly TruthEntry[];
  };
  /** Resolves with the next request whose whole body arrives; `after: 0` also takes one of the past. */
  nextRequest(filter?: RequestFilter): Promise<RecordedRequest>;
  /** Resolves with the next request that ends, however it does. */
  nextEnd(filter?: RequestFilter): Promise<RecordedRequest>;
  /** Resolves when no request is open. */
  whenIdle(): Promise<void>;
  /** Forgets behaviours, queues, records, caches and limits, and starts the ids anew. Open requests go on. */
  reset(): void;
  /** Closes the port and every connection: callers are refused until `acceptConnections`. */
  refuseConnections(): Promise<void>;
  acceptConnections(): Promise<void>;
}

/** What each provider's next request is answered with. */
export interface BehaviourBook {
  set(provider: ProviderId, behaviour: BehaviourSpec): void;
  standing(provider: ProviderId): Behaviour;
  enqueue(provider: ProviderId, behaviours: readonly BehaviourSpec[]): void;
  queued(provider: ProviderId): number;
  /** Takes the first queued behaviour for this operation, else the standing one. */
  take(provider: ProviderId, operation: SandboxOperation): Behaviour;
  clear(): void;
}

/** Makes a book in which every provider behaves well. */
export function createBehaviourBook(): BehaviourBook {
  const standing = new Map<ProviderId, Behaviour>();
  const queues = new Map<ProviderId, Behaviour[]>();
  const standingOf = (provider: ProviderId): Behaviour =>
    standing.get(provider) ?? DEFAULT_BEHAVIOUR;
  return {
    set: (provider, behaviour) => void standing.set(provider, parseBehaviour(behaviour)),
    standing: standingOf,
    enqueue(provider, behaviours) {
      const queue = queues.get(provider) ?? [];
      const { queuedBehavioursMax } = SANDBOX_LIMITS;
      if (queue.length + behaviours.length > queuedBehavioursMax) {
        throw new RangeError(`more than ${queuedBehavioursMax} behaviours wait for ${provider}`);
      }
      queue.push(...behaviours.map(parseBehaviour));
      queues.set(provider, queue);
    },
    queued: (provider) => queues.get(provider)?.length ?? 0,
    take(provider, operation) {
      const queue = queues.get(provider);
      const index =
        queue?.findIndex((one) => one.operation === operation || one.operation === 'any') ?? -1;
      const [next] = index === -1 ? [] : (queue?.splice(index, 1) ?? []);
      return next ?? standingOf(provider);
    },
    clear() {
      standing.clear();
      queues.clear();
    },
  };
}

/** Fills in what is left out, on top of the preset if there is one. Throws ZodError. */
export function parseBehaviour({ preset, ...behaviour }: BehaviourSpec): Behaviour {
  const base = preset === undefined ? {} : FAULT_PRESETS[preset].behaviour;
  return behaviourSchema.parse({ ...base, ...behaviour });
}

/** Ties the parts of a sandbox to one control. */
export function createControl(parts: {
  readonly book: BehaviourBook;
  readonly recorder: Recorder;
  readonly reset: () => void;
  readonly refuseConnections: () => Promise<void>;
  readonly acceptConnections: () => Promise<void>;
}): SandboxControl {
  const { book, recorder } = parts;
  return {
    get requests() {
      return recorder.requests();
    },
    setBehaviour: (provider, behaviour) => book.set(provider, behaviour),
    behaviour: (provider) => book.standing(provider),
    enqueue: (provider, ...behaviours) => book.enqueue(provider, behaviours),
    queued: (provider) => book.queued(provider),
    truth: () => recorder.truth(),
    nextRequest: (filter = {}) => recorder.nextRequest(filter),
    nextEnd: (filter = {}) => recorder.nextEnd(filter),
    whenIdle: () => recorder.whenIdle(),
    reset: parts.reset,
    refuseConnections: parts.refuseConnections,
    acceptConnections: parts.acceptConnections,
  };
}
