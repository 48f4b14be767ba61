import { isJsonObject, type JsonObject, textField } from '../../json.ts';
import type { Encoding } from './encoding.ts';

/**
 * Encodes `tool_choice`: the fields `tool_choice` and `parallel_tool_calls`; empty when the server's default is meant.
 *
 * Call it only when there are tools: servers refuse a choice without any. `names` are the client's names of those sent.
 */
export function encodeToolChoice(
  choice: unknown,
  names: ReadonlySet<string>,
  encoding: Encoding,
): JsonObject {
  if (!isJsonObject(choice)) return {};
  return { ...choiceOf(choice, names, encoding), ...parallelOf(choice, encoding) };
}

function choiceOf(choice: JsonObject, names: ReadonlySet<string>, encoding: Encoding): JsonObject {
  const { flavour, warnings } = encoding.context;
  switch (choice.type) {
    case 'auto':
      return { tool_choice: 'auto' };
    case 'none':
      return { tool_choice: 'none' };
    case 'any':
      if (flavour.acceptsRequiredToolChoice) return { tool_choice: 'required' };
      warnings.add('tool_choice any sent as auto');
      return { tool_choice: 'auto' };
    case 'tool': {
      const name = textField(choice, 'name') ?? '';
      if (names.has(name))
        return {
          tool_choice: { type: 'function', function: { name: encoding.toolNames.encode(name) } },
        };
      warnings.add('tool_choice dropped: its tool is not sent');
      return {};
    }
    default:
      warnings.add(`tool_choice ${String(choice.type)} dropped`);
      return {};
  }
}

function parallelOf(choice: JsonObject, { context }: Encoding): JsonObject {
  if (choice.disable_parallel_tool_use !== true) return {};
  if (context.flavour.acceptsParallelToolCalls) return { parallel_tool_calls: false };
  context.warnings.add('disable_parallel_tool_use dropped');
  return {};
}
