import { exactNumber } from '../../exact-json.ts';
import { type JsonObject, objectField, textField } from '../../json.ts';
import type { MessagesRequest } from '../../translation/messages-request.ts';
import { type GeminiEncodeContext, geminiGeneration } from './encode-context.ts';
import { currentEffort } from './turn-groups.ts';

/** How a request thinks at Gemini. */
export interface EncodedThinking {
  /** `thinkingConfig`; null where the model has none. */
  readonly config: JsonObject | null;
  /** Tokens that thoughts may take beyond what the client reckoned with. */
  readonly headroomTokens: number;
}

type Level = 'minimal' | 'low' | 'medium' | 'high';
const LEVELS: readonly Level[] = ['minimal', 'low', 'medium', 'high'];

/** Generation from which models think. */
const THINKING_GENERATION_MIN = 2.5;
/** `thinkingBudget`: the model decides. */
const DYNAMIC = -1;
/** Tokens by effort. Source: protocol reference §7.3. */
const BUDGETS: Readonly<Record<string, number>> = { low: 1024, medium: 8192, high: 24_576 };
const LEVEL_BY_EFFORT: Readonly<Record<string, Level>> = {
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
};
/** Thoughts to leave room for where the model decides on their length; Gemini publishes no figures. */
const LEVEL_HEADROOM_TOKENS: Readonly<Record<Level, number>> = {
  minimal: 512,
  low: 2048,
  medium: 8192,
  high: 24_576,
};
const DYNAMIC_HEADROOM_TOKENS = 8192;
/** Budgets up to these mean low and medium: Claude Code's "think" asked for 4,000 and "think hard" for 10,000. */
const LOW_BUDGET_TOKENS_MAX = 4096;
const MEDIUM_BUDGET_TOKENS_MAX = 16_384;

interface Wish {
  readonly kind: 'off' | 'adaptive' | 'budget';
  readonly budgetTokens: number;
  readonly effort: string | null;
}

/** Maps `thinking` and the effort: a budget for Gemini 2.5, a level from 3 on, never both. */
export function encodeThinking(
  request: MessagesRequest,
  context: GeminiEncodeContext,
): EncodedThinking {
  const generation = geminiGeneration(context.upstreamModel);
  if (context.model.thinking === 'none' || generation < THINKING_GENERATION_MIN)
    return { config: null, headroomTokens: 0 };
  const wish = readWish(request, context);
  const isShown = textField(objectField(request.body, 'thinking'), 'display') !== 'omitted';
  const includeThoughts = isShown && wish.kind !== 'off';
  return generation >= 3
    ? levelThinking(wish, includeThoughts, context)
    : budgetThinking(wish, includeThoughts, context);
}

function readWish({ body, turns }: MessagesRequest, context: GeminiEncodeContext): Wish {
  const thinking = objectField(body, 'thinking');
  const own = textField(objectField(body, 'output_config'), 'effort');
  const effort = currentEffort(turns) ?? own;
  const isKnown = effort !== null && Object.hasOwn(LEVEL_BY_EFFORT, effort);
  if (effort !== null && !isKnown) context.warnings.add(`effort ${effort} dropped`);
  const budgetTokens = exactNumber(thinking.budget_tokens);
  const known = isKnown ? effort : null;
  if (thinking.type === 'enabled' && budgetTokens !== null)
    return { kind: 'budget', budgetTokens: Math.round(budgetTokens), effort: known };
  // Without a word on thinking Anthropic's models do not think; an effort is such a word.
  const isOff = thinking.type === 'disabled' || (thinking.type === undefined && known === null);
  return { kind: isOff ? 'off' : 'adaptive', budgetTokens: 0, effort: known };
}

function budgetThinking(
  { kind, budgetTokens, effort }: Wish,
  includeThoughts: boolean,
  { upstreamModel }: GeminiEncodeContext,
): EncodedThinking {
  const { min, max, canBeOff } = budgetRange(upstreamModel);
  const clamp = (tokens: number): number => Math.min(max, Math.max(min, tokens));
  const config = (thinkingBudget: number): JsonObject => ({ includeThoughts, thinkingBudget });
  if (kind === 'off') {
    const budget = canBeOff ? 0 : min;
    return { config: config(budget), headroomTokens: budget };
  }
  if (kind === 'budget') {
    const budget = clamp(budgetTokens);
    // The client's own budget is part of its max_tokens already.
    return { config: config(budget), headroomTokens: Math.max(0, budget - budgetTokens) };
  }
  if (effort === null) return { config: config(DYNAMIC), headroomTokens: DYNAMIC_HEADROOM_TOKENS };
  const budget = clamp(BUDGETS[effort] ?? max);
  return { config: config(budget), headroomTokens: budget };
}

// Source: protocol reference §3, thinking; the upper ends are Google's published ranges.
function budgetRange(model: string): { min: number; max: number; canBeOff: boolean } {
  if (/-pro\b/i.test(model)) return { min: 128, max: 32_768, canBeOff: false };
  const min = /flash-lite/i.test(model) ? 512 : 1;
  return { min, max: 24_576, canBeOff: true };
}

function levelThinking(
  { kind, budgetTokens, effort }: Wish,
  includeThoughts: boolean,
  context: GeminiEncodeContext,
): EncodedThinking {
  const wanted =
    kind === 'off'
      ? offLevel(context.upstreamModel)
      : kind === 'budget'
        ? budgetLevel(budgetTokens)
        : LEVEL_BY_EFFORT[effort ?? ''];
  if (wanted === undefined)
    return { config: { includeThoughts }, headroomTokens: LEVEL_HEADROOM_TOKENS.high };
  const level = acceptedLevel(wanted, context.model.effortLevels);
  return {
    config: { includeThoughts, thinkingLevel: level.toUpperCase() },
    headroomTokens: Math.max(0, LEVEL_HEADROOM_TOKENS[level] - budgetTokens),
  };
}

function offLevel(model: string): Level {
  return /flash/i.test(model) ? 'minimal' : 'low';
}

function budgetLevel(tokens: number): Level {
  if (tokens <= LOW_BUDGET_TOKENS_MAX) return 'low';
  return tokens <= MEDIUM_BUDGET_TOKENS_MAX ? 'medium' : 'high';
}

// The next stronger level that the model has, else its strongest.
function acceptedLevel(wanted: Level, effortLevels: readonly string[]): Level {
  const accepted = LEVELS.filter((level) => effortLevels.includes(level));
  const enough = accepted.find((level) => LEVELS.indexOf(level) >= LEVELS.indexOf(wanted));
  return enough ?? accepted.at(-1) ?? wanted;
}
