import type {
  CircuitStanding,
  Forecast,
  Knowledge,
  SessionHome,
  Speed,
} from '../../../router/knowledge.ts';
import type { ProviderId } from '../../../schemas/provider.ts';
import { accountKey, type Target, targetKey } from '../../../schemas/target.ts';

/** What differs from a target of which nothing bad is known. */
export interface FakeTarget {
  readonly forecast?: Partial<Forecast>;
  readonly circuit?: Partial<CircuitStanding>;
  readonly speed?: Partial<Speed>;
  readonly successProbability?: number;
  readonly hasRetryBudget?: boolean;
}

/** What a router is to know. */
export interface FakeKnowledge {
  /** By provider, `<provider>/<account>` or `<provider>/<account>/<model>`; the most exact wins. */
  readonly targets?: Readonly<Record<string, FakeTarget>>;
  readonly homes?: readonly SessionHome[];
  readonly maintenance?: readonly ProviderId[];
  readonly outputTokens?: number;
}

/** Knowledge that a test makes up. */
export function fakeKnowledge(fake: FakeKnowledge = {}): Knowledge {
  const of = (target: Target): FakeTarget =>
    fake.targets?.[targetKey(target)] ??
    fake.targets?.[accountKey(target)] ??
    fake.targets?.[target.provider] ??
    {};
  const unused = (): never => {
    throw new Error('a decision does not ask for the health of a provider');
  };
  return {
    forecast: (target) => ({
      headroom: 1,
      isOverThreshold: false,
      closedForMs: 0,
      limitedBy: null,
      ...of(target).forecast,
    }),
    circuit: (target) => ({
      state: 'closed',
      cause: null,
      backInMs: 0,
      mayProbe: true,
      weight: 1,
      ...of(target).circuit,
    }),
    speed: (target) => ({
      firstContentMs: 1_000,
      outputTokensPerSecond: 50,
      samples: 0,
      ...of(target).speed,
    }),
    successProbability: (target) => of(target).successProbability ?? 0.95,
    expectedOutputTokens: () => fake.outputTokens ?? 500,
    homes: () => fake.homes ?? [],
    inFlight: () => 0,
    hasRetryBudget: (target) => of(target).hasRetryBudget ?? true,
    isInMaintenance: (provider) => fake.maintenance?.includes(provider) ?? false,
    accountHealth: unused,
    health: unused,
  };
}
