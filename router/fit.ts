import type { FailedAttempt, RequestFacts } from '../schemas/envelope.ts';
import type { ProviderId } from '../schemas/provider.ts';
import type { PlannedTarget } from './plan.ts';
import type { RouterPolicy } from './policy.ts';

/**
 * Why a target is left out. The last five are about what the request needs: they exclude nobody as long as they would
 * exclude all, for then the provider's own answer is the best there is.
 */
export type Exclusion =
  | 'maintenance'
  | 'budget'
  | 'failed'
  | 'model'
  | 'body'
  | 'window'
  | 'tools'
  | 'search';

/** A target that is not asked. */
export interface Excluded {
  readonly planned: PlannedTarget;
  readonly why: Exclusion;
}

/** Who can serve a request, in the chain's order, and who cannot. */
export interface Fit {
  readonly fitting: readonly PlannedTarget[];
  readonly excluded: readonly Excluded[];
}

/** What a request needs of a model and its provider. */
export interface ModelNeeds extends Pick<RequestFacts, 'bodyBytes' | 'hasTools' | 'hasWebSearch'> {
  /** Prompt and expected output. */
  readonly tokens: number;
}

/** Statuses that speak about the account alone: the provider's other accounts may serve. */
const ABOUT_THE_ACCOUNT: ReadonlySet<number> = new Set([401, 402, 403, 429]);

const NOBODY: readonly ProviderId[] = [];

const CHECKS: readonly {
  readonly why: Exclusion;
  readonly passes: (planned: PlannedTarget, needs: ModelNeeds) => boolean;
}[] = [
  { why: 'model', passes: ({ serves }) => serves !== 'no' },
  { why: 'body', passes: ({ bodyBytesMax }, { bodyBytes }) => bodyBytes <= bodyBytesMax },
  {
    why: 'window',
    passes: ({ contextWindowTokens }, { tokens }) => tokens <= contextWindowTokens,
  },
  { why: 'tools', passes: ({ hasTools }, needs) => hasTools || !needs.hasTools },
  { why: 'search', passes: ({ canSearch }, needs) => canSearch || !needs.hasWebSearch },
];

/** Leaves out those in maintenance or out of budget, those that failed this request, and those whose model cannot serve it. Pure. */
export function fitOf(
  targets: readonly PlannedTarget[],
  needs: ModelNeeds,
  {
    failed,
    barred = NOBODY,
    isInMaintenance,
    accounts,
  }: {
    failed: readonly FailedAttempt[];
    barred?: readonly ProviderId[] | undefined;
    isInMaintenance: (planned: PlannedTarget) => boolean;
    accounts: RouterPolicy['accounts'];
  },
): Fit {
  const excluded: Excluded[] = [];
  const alive: PlannedTarget[] = [];
  for (const planned of targets) {
    if (isInMaintenance(planned)) excluded.push({ planned, why: 'maintenance' });
    else if (barred.includes(planned.provider)) excluded.push({ planned, why: 'budget' });
    else if (hasFailed(planned, failed, accounts)) excluded.push({ planned, why: 'failed' });
    else alive.push(asItFits(planned, needs));
  }
  return { fitting: withoutUnfit(alive, needs, excluded), excluded };
}

function hasFailed(
  { provider, account }: PlannedTarget,
  failed: readonly FailedAttempt[],
  accounts: RouterPolicy['accounts'],
): boolean {
  for (const attempt of failed) {
    if (attempt.provider !== provider) continue;
    if (!ABOUT_THE_ACCOUNT.has(attempt.status)) return true;
    if ((attempt.account ?? accounts.get(provider)?.[0]) === account) return true;
  }
  return false;
}

// A rule prefers, it never takes a provider away.
function asItFits(planned: PlannedTarget, needs: ModelNeeds): PlannedTarget {
  if (planned.otherwise === null) return planned;
  return CHECKS.every(({ passes }) => passes(planned, needs)) ? planned : planned.otherwise;
}

function withoutUnfit(
  alive: readonly PlannedTarget[],
  needs: ModelNeeds,
  excluded: Excluded[],
): readonly PlannedTarget[] {
  let fitting = alive;
  for (const { why, passes } of CHECKS) {
    if (fitting.every((planned) => passes(planned, needs))) continue;
    const passing = fitting.filter((planned) => passes(planned, needs));
    if (passing.length === 0) continue;
    for (const planned of fitting) {
      if (!passes(planned, needs)) excluded.push({ planned, why });
    }
    fitting = passing;
  }
  return fitting;
}
