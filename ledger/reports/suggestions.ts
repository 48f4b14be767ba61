import type { ModelTier } from '../../config/catalog.ts';
import { createModelIndex } from '../../config/model-index.ts';
import { formatUsd, PICODOLLARS_PER_USD, type Picodollars } from '../../schemas/money.ts';
import { adapterOf } from '../../schemas/provider.ts';
import type { RequestClass } from '../../schemas/request-class.ts';
import type { RunningTally } from '../state/tally.ts';
import type { ModelCacheSavings } from './caching.ts';
import { type ComparisonContext, claudeOf, type ProviderComparison } from './comparison.ts';
import type { FallbackCosts } from './fallback-costs.ts';
import {
  arithmetic,
  countText,
  type Place,
  placeOf,
  priceOfTokens,
  pricesAt,
} from './priced-tokens.ts';

/** A way to spend less, with the sum that says so. */
export interface Suggestion {
  readonly text: string;
  readonly arithmetic: string;
  readonly saves: Picodollars;
}

/** What suggestions are made from. */
export interface SuggestionFacts {
  /** Keyed `<class> <provider>/<upstreamModel>`; null = the log was not read. */
  readonly byClass: ReadonlyMap<string, Readonly<RunningTally>> | null;
  readonly byModel: ReadonlyMap<string, Readonly<RunningTally>>;
  readonly comparison: readonly ProviderComparison[];
  readonly caching: readonly ModelCacheSavings[];
  readonly fallback: FallbackCosts | null;
}

const SUGGESTIONS_MAX = 5;
/** Less is not worth reading about: a cent. */
const SAVES_MIN: Picodollars = PICODOLLARS_PER_USD / 100n;
const USD_DIGITS = 4;
/** Requests that a smaller model does as well, and how one sends them there. */
const SMALLER: Readonly<
  Partial<Record<RequestClass, { name: string; tier: ModelTier; how: string }>>
> = {
  title: {
    name: 'titles',
    tier: 'haiku',
    how: 'ANTHROPIC_DEFAULT_HAIKU_MODEL, or the rule `background`',
  },
  auxiliary: {
    name: 'side requests',
    tier: 'haiku',
    how: 'the rule `background` of ROUTING_RULES_FILE',
  },
  subagent: { name: 'subagents', tier: 'sonnet', how: 'the rule `subagent` of ROUTING_RULES_FILE' },
};

/** At most five ways to have spent less, the greatest first. */
export function suggestionsFor(
  facts: SuggestionFacts,
  context: ComparisonContext,
): readonly Suggestion[] {
  return [
    ...smallerModels(facts, context),
    ...cheaperProviders(facts, context),
    ...lossyCaches(facts),
    ...billedFailures(facts),
  ]
    .filter(({ saves }) => saves >= SAVES_MIN)
    .toSorted((a, b) => (a.saves === b.saves ? 0 : a.saves < b.saves ? 1 : -1))
    .slice(0, SUGGESTIONS_MAX);
}

function smallerModels(
  { byClass }: SuggestionFacts,
  context: ComparisonContext,
): readonly Suggestion[] {
  return Array.from(byClass ?? []).flatMap(([key, tally]) => {
    const space = key.indexOf(' ');
    const found = SMALLER[key.slice(0, space) as RequestClass]; // others are not among them
    const from = placeOf(key.slice(space + 1));
    const to = found === undefined || from === null ? null : smallerAt(from, found.tier, context);
    if (found === undefined || from === null || to === null) return [];
    const prices = pricesAt(to, tally, context.prices);
    const picodollars = priceOfTokens(tally, prices);
    return [
      {
        text: `${found.name} on ${nameOf(from)} cost ${usd(tally.picodollars)}; on ${to.upstreamModel} ${usd(picodollars)} (${found.how})`,
        arithmetic: `${arithmetic(tally, prices)} = ${usd(picodollars)}`,
        saves: tally.picodollars - picodollars,
      },
    ];
  });
}

function smallerAt(from: Place, tier: ModelTier, { catalog }: ComparisonContext): Place | null {
  const index = createModelIndex(catalog);
  const family = adapterOf(from.provider);
  const model = index.find(from.upstreamModel);
  if (model === null || model.tier === tier || model.tier === 'haiku') return null;
  const smaller = model.line === null ? index.standIn(tier, family) : claudeOf(catalog, { tier });
  const upstreamModel = smaller?.ids[family];
  return upstreamModel === undefined ? null : { provider: from.provider, upstreamModel };
}

function cheaperProviders(
  { byModel, comparison }: SuggestionFacts,
  { enabled, prices }: ComparisonContext,
): readonly Suggestion[] {
  const all = comparison.flatMap(({ models }) => models);
  const others = all.filter(
    ({ from, to, isOtherModel, isGuess }) =>
      !isOtherModel && !isGuess && enabled.has(to.provider) && from.provider !== to.provider,
  );
  return Array.from(Map.groupBy(others, ({ from }) => nameOf(from)).values()).flatMap((places) => {
    const best = places.reduce((a, b) => (b.picodollars < a.picodollars ? b : a));
    const tally = byModel.get(`${best.from.provider}/${best.from.upstreamModel}`);
    if (tally === undefined) return [];
    return [
      {
        text: `${nameOf(best.from)} cost ${usd(best.paid)}; ${best.to.provider} would have taken ${usd(best.picodollars)}`,
        arithmetic: `${arithmetic(tally, pricesAt(best.to, tally, prices))} = ${usd(best.picodollars)}`,
        saves: best.paid - best.picodollars,
      },
    ];
  });
}

function lossyCaches({ caching }: SuggestionFacts): readonly Suggestion[] {
  return caching.map(({ place, readsSaved, writesCost, saved }) => ({
    text: `caching on ${nameOf(place)} cost more than it saved: prompts change before they are read again`,
    arithmetic: `writes ${usd(writesCost)} − reads ${usd(readsSaved)} = ${usd(-saved)}`,
    saves: -saved,
  }));
}

function billedFailures({ fallback }: SuggestionFacts): readonly Suggestion[] {
  if (fallback === null) return [];
  const { failedBilled, failedPicodollars } = fallback;
  return [
    {
      text: `attempts that failed were billed: ${countText(failedBilled)} cost ${usd(failedPicodollars)} (see --by provider)`,
      arithmetic: `${countText(failedBilled)} failed attempts = ${usd(failedPicodollars)}`,
      saves: failedPicodollars,
    },
  ];
}

function nameOf({ provider, upstreamModel }: Place): string {
  return `${upstreamModel} (${provider})`;
}

function usd(picodollars: Picodollars): string {
  return `$${formatUsd(picodollars, USD_DIGITS)}`;
}
