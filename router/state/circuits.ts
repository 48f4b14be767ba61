import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { LIMITS } from '../../config/limits.ts';
import type { FailureKind } from '../../schemas/observation.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import { accountKey, type Target, targetKey } from '../../schemas/target.ts';
import type { CircuitStanding } from '../knowledge.ts';
import {
  circuitFailed,
  circuitReleased,
  circuitStarted,
  circuitSucceeded,
  closeCircuit,
  spare,
} from './circuit-machine.ts';
import { type CircuitOwner, type CircuitRecord, newCircuit } from './circuit-record.ts';
import { circuitFromJson, circuitSchema, circuitToJson } from './circuit-snapshot.ts';
import { CLOSED, standingOf, worseStanding } from './circuit-standing.ts';
import { fieldOf, oldestFirst, readEntries } from './snapshot-entries.ts';

/** Whose circuit a failure counts for; a refused request and a full window say nothing about health. */
const LEVELS: Readonly<Record<FailureKind, 'account' | 'target' | null>> = {
  connection: 'account',
  server_error: 'account',
  timeout: 'account',
  malformed: 'account',
  credential: 'account',
  billing: 'account',
  overloaded: 'target',
  not_served: 'target',
  rate_limited: null,
  request: null,
};

const fingerprintSchema = z.tuple([z.string(), z.string()]);

/** The circuits of a target; undefined = nothing has ever been counted there. */
export interface CircuitPair {
  readonly ofAccount: CircuitRecord | undefined;
  readonly ofModel: CircuitRecord | undefined;
}

/**
 * Who is up. Every account has a circuit and every model of an account has one; a target stands as the worse of both.
 *
 * closed → suspect with a failure → open with several → half-open when its time is over → closed after three good
 * probes, or open again for twice as long. A refused credential, an empty account and a missing model block until
 * the account is another, the operator says so or an attempt succeeds. `nowMs` is any monotonic clock.
 *
 * Failures eject at most half of the providers at once, one with an open circuit counting as ejected: when everybody
 * fails it is more likely us, and somebody must be asked. The others are `suspect` instead.
 */
export class Circuits {
  readonly #random: () => number;
  readonly #ejectedMax: number;
  readonly #circuits = new LRUCache<string, CircuitRecord>({ max: LIMITS.routedTargetsMax });
  readonly #fingerprints = new LRUCache<string, string>({ max: LIMITS.routedTargetsMax });
  #revision = 0;

  /** `random` gives 0 to 1, below 1; `providers` are those configured. */
  constructor({
    random,
    providers,
  }: {
    random: () => number;
    providers: readonly ProviderId[];
  }) {
    this.#random = random;
    this.#ejectedMax = Math.floor(new Set(providers).size / 2);
  }

  /** Grows when what `find` gave may no longer be it. */
  get revision(): number {
    return this.#revision;
  }

  /** An attempt was taken by a worker. */
  started(target: Target, nowMs: number): void {
    for (const circuit of this.#known(target)) circuitStarted(circuit, nowMs);
  }

  succeeded(target: Target, nowMs: number): void {
    circuitSucceeded(this.#circuit(accountOf(target)), nowMs);
    circuitSucceeded(this.#circuit(target), nowMs);
  }

  failed(target: Target, kind: FailureKind, nowMs: number): void {
    const level = LEVELS[kind];
    if (level === null) {
      this.released(target, nowMs);
      return;
    }
    const owner = level === 'account' ? accountOf(target) : target;
    const circuit = this.#circuit(owner);
    for (const other of this.#known(target)) {
      if (other !== circuit) circuitReleased(other, nowMs);
    }
    circuitFailed(
      circuit,
      { kind, nowMs },
      {
        random: this.#random,
        mayEject: () => this.#mayEject(target.provider, nowMs),
        fingerprint: this.#fingerprints.get(accountKey(target)) ?? null,
      },
    );
  }

  /** An attempt ended that tells nothing, e.g. a cancelled one: another probe may follow. */
  released(target: Target, nowMs: number): void {
    for (const circuit of this.#known(target)) circuitReleased(circuit, nowMs);
  }

  /** Where the target's circuits are; they hold until `revision` grows. Changes nothing. */
  find(target: Target): CircuitPair {
    return {
      ofAccount: this.#circuits.peek(accountKey(target)),
      ofModel: this.#circuits.peek(targetKey(target)),
    };
  }

  /** Changes nothing. `found`: the target's circuits, where they have been looked up. */
  standing(target: Target, nowMs: number, found = this.find(target)): CircuitStanding {
    const { ofAccount, ofModel } = found;
    return worseStanding(
      ofAccount === undefined ? CLOSED : standingOf(ofAccount, nowMs),
      ofModel === undefined ? CLOSED : standingOf(ofModel, nowMs),
    );
  }

  /** A worker serves the account: blocks that began with another fingerprint end. The first one seen is no change. */
  seen(provider: ProviderId, account: string, fingerprint: string): void {
    this.#fingerprints.set(accountKey({ provider, account }), fingerprint);
    for (const circuit of this.#circuits.values()) {
      if (circuit.state !== 'blocked' || !isOf(circuit.owner, provider, account)) continue;
      if (circuit.blockedFingerprint === null) circuit.blockedFingerprint = fingerprint;
      else if (circuit.blockedFingerprint !== fingerprint) closeCircuit(circuit);
    }
  }

  /** Forgets a provider's circuits. `account` null = those of all its accounts. */
  reset(provider: ProviderId, account: string | null): void {
    this.#revision += 1;
    for (const [key, { owner }] of [...this.#circuits.entries()]) {
      if (isOf(owner, provider, account)) this.#circuits.delete(key);
    }
  }

  /** JSON, times relative to `nowMs`. */
  snapshot(nowMs: number): unknown {
    const circuits = oldestFirst(this.#circuits).map(([, each]) => circuitToJson(each, nowMs));
    return {
      circuits: circuits.filter((each) => each !== null),
      fingerprints: oldestFirst(this.#fingerprints),
    };
  }

  /** Replaces what was learned; entries that are nonsense are left out. */
  restore(json: unknown, nowMs: number): void {
    this.#revision += 1;
    this.#circuits.clear();
    this.#fingerprints.clear();
    for (const [key, fingerprint] of readEntries(fieldOf(json, 'fingerprints'), fingerprintSchema))
      this.#fingerprints.set(key, fingerprint);
    for (const each of readEntries(fieldOf(json, 'circuits'), circuitSchema)) {
      const circuit = circuitFromJson(each, nowMs);
      if (circuit === null) continue;
      // Its writer may have known more providers.
      if (isEjected(circuit, nowMs) && !this.#mayEject(each.provider, nowMs)) spare(circuit, nowMs);
      this.#circuits.set(keyOf(circuit.owner), circuit);
    }
  }

  #circuit(owner: CircuitOwner): CircuitRecord {
    const key = keyOf(owner);
    const known = this.#circuits.get(key);
    if (known !== undefined) return known;
    const { provider, account, upstreamModel } = owner;
    const circuit = newCircuit({ provider, account, upstreamModel });
    this.#circuits.set(key, circuit);
    this.#revision += 1;
    return circuit;
  }

  #known(target: Target): readonly CircuitRecord[] {
    return [this.#circuits.get(accountKey(target)), this.#circuits.get(targetKey(target))].filter(
      (each) => each !== undefined,
    );
  }

  #mayEject(provider: ProviderId, nowMs: number): boolean {
    const ejected = new Set<ProviderId>();
    for (const circuit of this.#circuits.values()) {
      if (isEjected(circuit, nowMs)) ejected.add(circuit.owner.provider);
    }
    return ejected.has(provider) || ejected.size < this.#ejectedMax;
  }
}

// A half-open circuit that nobody tries does not keep another provider from being ejected for ever.
function isEjected({ state, untilMs }: CircuitRecord, nowMs: number): boolean {
  return state === 'ejected' && nowMs < untilMs + LIMITS.circuitOpenMsMax;
}

function accountOf({ provider, account }: Target): CircuitOwner {
  return { provider, account, upstreamModel: null };
}

function keyOf({ provider, account, upstreamModel }: CircuitOwner): string {
  if (upstreamModel === null) return accountKey({ provider, account });
  return targetKey({ provider, account, upstreamModel });
}

function isOf(owner: CircuitOwner, provider: ProviderId, account: string | null): boolean {
  return owner.provider === provider && (account === null || owner.account === account);
}
