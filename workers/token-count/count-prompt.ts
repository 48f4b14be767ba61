import { isJsonObject, type JsonObject, objectField, textField } from '../json.ts';
import { BlockCounter } from './count-blocks.ts';
import { countTools } from './count-tools.ts';
import type { PromptCosts } from './prompt-costs.ts';
import type { TextMeter } from './text-meter.ts';

/** What a prompt is counted with. */
export interface CountContext {
  readonly meter: TextMeter;
  readonly costs: PromptCosts;
}

/**
 * Estimates the input tokens of a Messages request, at least 1.
 *
 * Counts system, messages, tools and the hidden instructions they bring along. Thinking counts only where it is sent
 * to the model: in the tool loop that is still open, or everywhere when the request keeps it.
 */
export function countPrompt(request: JsonObject, context: CountContext): number {
  const { costs } = context;
  const messages = listOf(request['messages']).filter(isJsonObject);
  const blocks = new BlockCounter(context);
  let tokens = costs.perRequest;
  if (request['system'] !== undefined) tokens += costs.perMessage;
  tokens += blocks.content(request['system'], { withThinking: false });
  const thinkingFrom = keepsAllThinking(request) ? 0 : openLoopStart(messages);
  for (const [index, message] of messages.entries()) {
    const withThinking = index >= thinkingFrom;
    tokens += costs.perMessage + blocks.content(message['content'], { withThinking });
  }
  tokens += countTools(request, blocks.loadedTools, context);
  if (blocks.hasCitations) tokens += costs.citationPrompt;
  if (textField(objectField(request, 'thinking'), 'type') === 'enabled') {
    tokens += costs.thinkingPrompt;
  }
  return Math.max(1, Math.round(tokens));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

// The messages after the last thing the user said; their tool calls are still being answered.
function openLoopStart(messages: readonly JsonObject[]): number {
  const last = messages.findLastIndex(
    (message) => message['role'] === 'user' && !isToolResults(message['content']),
  );
  return last + 1;
}

function isToolResults(content: unknown): boolean {
  return listOf(content).some((block) => isJsonObject(block) && block['type'] === 'tool_result');
}

function keepsAllThinking(request: JsonObject): boolean {
  return listOf(objectField(request, 'context_management')['edits']).some(
    (edit) =>
      isJsonObject(edit) &&
      textField(edit, 'type')?.startsWith('clear_thinking') &&
      edit['keep'] === 'all',
  );
}
