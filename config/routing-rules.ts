import type { ProviderId } from '../schemas/provider.ts';

/** Kinds of requests that the operator may direct, most specific first: the first that has a rule and fits applies. */
export const ROUTING_RULE_NAMES = [
  'image',
  'webSearch',
  'longContext',
  'compaction',
  'title',
  'subagent',
  'background',
  'think',
  'default',
] as const;
/** One of ROUTING_RULE_NAMES. */
export type RoutingRuleName = (typeof ROUTING_RULE_NAMES)[number];

/** Whom to prefer, and what to ask for: at least one of the two. Model null = the client's. */
export interface RoutingRule {
  /** Null = whoever serves the model. */
  readonly provider: ProviderId | null;
  readonly model: string | null;
}

/** What the operator says about kinds of requests: they prefer, nobody is excluded by them. Plain data. */
export interface RoutingRules {
  readonly routes: Readonly<Partial<Record<RoutingRuleName, RoutingRule>>>;
  /** A prompt of more tokens than these is a long one. */
  readonly longContextTokens: number;
}

/** As in claude-code-router. */
export const LONG_CONTEXT_TOKENS = 60_000;

/** No wishes. */
export const NO_ROUTING_RULES: RoutingRules = {
  routes: {},
  longContextTokens: LONG_CONTEXT_TOKENS,
};
