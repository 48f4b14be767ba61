import type { RouteRequest } from '../schemas/envelope.ts';
import type { ProviderId } from '../schemas/provider.ts';
import type { Excluded } from './fit.ts';

/** Why nobody can serve a request, in one sentence that names each provider. Pure. */
export function refusalOf(
  excluded: readonly Excluded[],
  request: RouteRequest,
  { named, chain }: { named: ProviderId | null; chain: readonly ProviderId[] },
): string {
  const { pinned } = request;
  const only = pinned ?? named;
  if (chain.length === 0) return 'no provider is enabled';
  if (only !== null && !chain.includes(only)) {
    const who = pinned === null ? "the model's name asks for" : 'this port serves';
    return `${who} ${only}, which is not enabled`;
  }
  if (pinned !== null && named !== null && named !== pinned) {
    return `the model's name asks for ${named}, which this port does not serve`;
  }
  const wanted = only === null ? chain : [only];
  const reasons = wanted.map((provider) => `${provider} ${reasonOf(provider, excluded, request)}`);
  return `no provider can serve this request: ${reasons.join('; ')}`;
}

function reasonOf(
  provider: ProviderId,
  excluded: readonly Excluded[],
  request: RouteRequest,
): string {
  const found = excluded.find(({ planned }) => planned.provider === provider);
  if (found === undefined) return 'has no account';
  return whyExcluded(found, request);
}

/** Why a target is left out, in words that follow its name. */
export function whyExcluded({ planned, why }: Excluded, request: RouteRequest): string {
  if (why !== 'failed') return WORDS[why];
  const attempt = request.failed.findLast(({ provider }) => provider === planned.provider);
  if (attempt === undefined) return 'failed';
  return `failed (${attempt.status} ${attempt.errorType})`;
}

const WORDS = {
  maintenance: 'is in maintenance',
  budget: 'has used up its budget',
  model: 'does not have the model',
  body: 'takes no body of this size',
  window: 'has a model whose context window is too small',
  tools: 'has a model that uses no tools',
  search: 'cannot search the web',
} as const;
