import { bareName, isClaudeName, lineInName } from '../config/claude-names.ts';
import { resolveModel } from '../config/model-mapping.ts';
import {
  ROUTING_RULE_NAMES,
  type RoutingRule,
  type RoutingRuleName,
  type RoutingRules,
} from '../config/routing-rules.ts';
import type { RequestFacts } from '../schemas/envelope.ts';

/** The rule that applies to a request. */
export interface AppliedRule extends RoutingRule {
  readonly name: RoutingRuleName;
}

type Applies = (facts: RequestFacts, rules: RoutingRules) => boolean;

const APPLIES: Readonly<Record<RoutingRuleName, Applies>> = {
  image: ({ hasImages }) => hasImages,
  webSearch: ({ hasWebSearch }) => hasWebSearch,
  longContext: ({ inputTokensEstimate }, { longContextTokens }) =>
    inputTokensEstimate > longContextTokens,
  compaction: ({ requestClass }) => requestClass === 'compaction',
  title: ({ requestClass }) => requestClass === 'title',
  subagent: ({ requestClass }) => requestClass === 'subagent',
  background: ({ requestClass, requestModel }) =>
    requestClass === 'auxiliary' || requestClass === 'title' || isHaiku(requestModel),
  think: ({ hasThinking }) => hasThinking,
  default: () => true,
};

/** The first rule of the operator that fits a request; null = none. Pure. */
export function ruleFor(facts: RequestFacts, rules: RoutingRules): AppliedRule | null {
  for (const name of ROUTING_RULE_NAMES) {
    const rule = rules.routes[name];
    if (rule !== undefined && APPLIES[name](facts, rules)) return { name, ...rule };
  }
  return null;
}

/** A rule in words: `background: openrouter,qwen/qwen3-coder`. */
export function ruleInWords({ name, provider, model }: AppliedRule): string {
  return `${name}: ${provider ?? ''}${model === null ? '' : `,${model}`}`;
}

function isHaiku(requestModel: string): boolean {
  const bare = bareName(requestModel);
  if (isClaudeName(bare)) return lineInName(bare) === 'haiku';
  // An alias like `haiku`, which only the catalog knows.
  return resolveModel(requestModel, 'anthropic').model?.line === 'haiku';
}
