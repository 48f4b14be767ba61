import { invalidRequest } from '../api-failure.ts';
import { isObject, type JsonObject, objectsOf } from './json.ts';
import type { ModelFacts } from './model-facts.ts';

const BUDGET_TOKENS_MIN = 1_024;
const THINKING_DOCS = 'https://docs.claude.com/en/docs/build-with-claude/extended-thinking';

/** Checks `thinking` against the model, the token limit, the tool choice and the open tool loop. Throws ApiFailure. */
export function checkThinking(body: JsonObject, facts: ModelFacts): void {
  const thinking = body['thinking'];
  if (!isObject(thinking)) return;
  const { type } = thinking;
  if (type === 'adaptive' && !facts.hasAdaptiveThinking) {
    throw invalidRequest('adaptive thinking is not supported on this model');
  }
  if (type === 'disabled' && !facts.canDisableThinking) {
    throw invalidRequest('"thinking.type.disabled" is not supported for this model.');
  }
  if (type === 'enabled') checkBudget(thinking, body, facts);
  const choice = body['tool_choice'];
  const isForced = isObject(choice) && (choice['type'] === 'any' || choice['type'] === 'tool');
  if (isForced && (type === 'enabled' || type === 'adaptive')) {
    throw invalidRequest('Thinking may not be enabled when tool_choice forces tool use.');
  }
}

function checkBudget(thinking: JsonObject, body: JsonObject, facts: ModelFacts): void {
  if (!facts.hasBudgetThinking) {
    throw invalidRequest(
      '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.',
    );
  }
  const budget = thinking['budget_tokens'];
  if (budget === undefined) {
    throw invalidRequest('thinking.enabled.budget_tokens: Field required');
  }
  if (typeof budget !== 'number' || budget < BUDGET_TOKENS_MIN) {
    throw invalidRequest(
      `thinking.enabled.budget_tokens: Input should be greater than or equal to ${BUDGET_TOKENS_MIN}`,
    );
  }
  if (typeof body['max_tokens'] === 'number' && body['max_tokens'] <= budget) {
    throw invalidRequest(
      `\`max_tokens\` must be greater than \`thinking.budget_tokens\`. Please consult our documentation at ${THINKING_DOCS}#max-tokens-and-context-window-size`,
    );
  }
  checkToolLoopStart(body['messages']);
}

function checkToolLoopStart(messages: unknown): void {
  const turns = objectsOf(messages);
  const index = turns.findLastIndex(({ role }) => role === 'assistant');
  const first = objectsOf(turns[index]?.['content'])[0];
  const hasCall = objectsOf(turns[index]?.['content']).some(({ type }) => type === 'tool_use');
  const type = first?.['type'];
  if (!hasCall || type === 'thinking' || type === 'redacted_thinking') return;
  throw invalidRequest(
    `messages.${index}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${String(type)}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block (preceeding the lastmost set of \`tool_use\` and \`tool_result\` blocks). We recommend you include thinking blocks from previous turns. To avoid this requirement, disable \`thinking\`. Please consult our documentation at ${THINKING_DOCS}`,
  );
}
