import { isJsonObject, type JsonObject, objectField, textField } from '../json.ts';
import type { CountContext } from './count-prompt.ts';
import { anthropicToolTokens } from './prompt-costs.ts';

/**
 * Estimates the tokens of a request's tools and of the hidden instructions on them.
 *
 * A deferred tool costs nothing until a `tool_reference` has loaded it: `loaded` holds the names.
 */
export function countTools(
  request: JsonObject,
  loaded: ReadonlySet<string>,
  { costs, meter }: CountContext,
): number {
  const tools = Array.isArray(request['tools']) ? request['tools'].filter(isJsonObject) : [];
  if (tools.length === 0) return 0;
  const choice = textField(objectField(request, 'tool_choice'), 'type');
  let tokens = choice === 'any' || choice === 'tool' ? costs.forcedToolPrompt : costs.toolPrompt;
  for (const tool of tools) {
    if (tool['defer_loading'] === true && !loaded.has(textField(tool, 'name') ?? '')) continue;
    tokens += costs.perTool + toolTokens(tool, (text) => meter.count(text));
  }
  return tokens;
}

function toolTokens(tool: JsonObject, count: (text: string) => number): number {
  const type = textField(tool, 'type');
  if (tool['input_schema'] === undefined && type !== null) return anthropicToolTokens(type);
  const { name, description, input_schema: parameters } = tool;
  return count(spacedJson({ description, name, parameters }));
}

/** JSON with a space after every comma and colon, as models are shown it; meant for counting only. */
export function spacedJson(value: unknown): string {
  // JSON has line ends only between its tokens.
  const lines = JSON.stringify(value, null, 1) ?? '';
  return lines
    .replace(/\n */g, ' ')
    .replace(/([[{]) /g, '$1')
    .replace(/ ([\]}])/g, '$1');
}
