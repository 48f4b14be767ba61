import { exactNumber } from '../../exact-json.ts';
import { type JsonObject, objectField, textField } from '../../json.ts';
import type { MessagesRequest } from '../../translation/messages-request.ts';
import { startOfCurrentTurn } from './current-turn.ts';
import type { OpenaiEncodeContext } from './flavour.ts';
import { refusesEffortWithTools } from './model-names.ts';

/** Efforts of all servers, weakest first. */
const EFFORTS: readonly string[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];
/** Budgets below these are low and medium effort, in tokens. Source: protocol reference §7.1. */
const LOW_BUDGET_TOKENS = 4_096;
const MEDIUM_BUDGET_TOKENS = 16_384;
/** What servers of which nothing is known take at most. */
const EFFORT_MAX_UNKNOWN = { reasoning_effort: 'high', openrouter: 'xhigh', none: 'high' } as const;

/** What the client wants of the model's thinking. */
interface Wish {
  readonly isOff: boolean;
  readonly effort: string | null;
  readonly budgetTokens: number | null;
  readonly isOn: boolean;
}

/** True when the request turns thinking on and the model can. */
export function isThinking(request: MessagesRequest, { model }: OpenaiEncodeContext): boolean {
  return model.thinking !== 'none' && wishOf(request).isOn;
}

/** Encodes thinking and effort: the field `reasoning_effort` or `reasoning`, or neither. */
export function encodeThinking(
  request: MessagesRequest,
  context: OpenaiEncodeContext,
  { hasTools, maxTokens }: { readonly hasTools: boolean; readonly maxTokens: number },
): JsonObject {
  const { flavour, model, upstreamModel, warnings } = context;
  if (flavour.reasoning === 'none' || model.thinking === 'none') return {};
  const wish = wishOf(request);
  if (flavour.reasoning === 'openrouter') return openrouterReasoning(wish, context, maxTokens);
  const effort = effortOf(wish, context);
  if (effort === null) return {};
  if (hasTools && effort !== 'none' && refusesEffortWithTools(upstreamModel)) {
    warnings.add('effort dropped: the model takes none beside tools');
    return {};
  }
  return { reasoning_effort: effort };
}

function openrouterReasoning(
  wish: Wish,
  context: OpenaiEncodeContext,
  maxTokens: number,
): JsonObject {
  const { budgetTokens, isOff, isOn } = wish;
  // A budget must leave room for the answer; models with another style of thinking refuse one.
  const isBudget = context.model.thinking === 'budget';
  if (!isOff && isBudget && budgetTokens !== null && budgetTokens < maxTokens)
    return { reasoning: { max_tokens: budgetTokens } };
  const effort = effortOf(wish, context);
  if (effort !== null) return { reasoning: { effort } };
  return isOn ? { reasoning: { enabled: true } } : {};
}

function wishOf({ body, turns }: MessagesRequest): Wish {
  const thinking = objectField(body, 'thinking');
  const effort =
    effortOfTurn(turns) ?? textField(objectField(body, 'output_config'), 'effort') ?? null;
  const isEnabled = thinking.type === 'enabled';
  return {
    isOff: thinking.type === 'disabled',
    isOn: isEnabled || thinking.type === 'adaptive' || thinking.type === 'between_tools',
    effort,
    budgetTokens: isEnabled ? exactNumber(thinking.budget_tokens) : null,
  };
}

/** The effort that a system message sets for the turn to be answered, its tool loop included. */
function effortOfTurn(turns: MessagesRequest['turns']): string | null {
  return (
    turns.slice(startOfCurrentTurn(turns)).findLast(({ effort }) => effort !== null)?.effort ?? null
  );
}

function effortOf({ isOff, effort, budgetTokens }: Wish, context: OpenaiEncodeContext) {
  const { effortLevels } = context.model;
  // Without a word for it, the server's default is nearest to "off".
  if (isOff) return effortLevels.includes('none') ? 'none' : null;
  const wanted = effort ?? (budgetTokens === null ? null : effortOfBudget(budgetTokens));
  return wanted === null ? null : supportedEffort(wanted, context);
}

function effortOfBudget(tokens: number): string {
  if (tokens < LOW_BUDGET_TOKENS) return 'low';
  return tokens < MEDIUM_BUDGET_TOKENS ? 'medium' : 'high';
}

/** The strongest effort of the model that is not beyond the wanted one, else its weakest. */
function supportedEffort(wanted: string, { flavour, model }: OpenaiEncodeContext): string {
  const { effortLevels } = model;
  if (effortLevels.includes(wanted)) return wanted;
  const rank = rankOf(wanted);
  if (effortLevels.length === 0) {
    const limit = EFFORT_MAX_UNKNOWN[flavour.reasoning];
    return rank > rankOf(limit) ? limit : wanted;
  }
  const usable = effortLevels.filter((level) => level !== 'none');
  return usable.findLast((level) => rankOf(level) <= rank) ?? usable[0] ?? wanted;
}

/** Levels that come after 2026 count as the strongest. */
function rankOf(effort: string): number {
  const rank = EFFORTS.indexOf(effort);
  return rank < 0 ? EFFORTS.length : rank;
}
