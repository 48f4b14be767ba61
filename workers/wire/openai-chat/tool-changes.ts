import { isJsonObject, type JsonObject, objectField, textField } from '../../json.ts';
import type { MessagesRequest } from '../../translation/messages-request.ts';

/** The tool that a `tool_addition` defines by value; null when it refers to one by name. */
export function definitionOf(tool: unknown): JsonObject | null {
  if (!isJsonObject(tool) || tool.type !== 'tool_definition') return null;
  return objectField(tool, 'definition');
}

/** The tools in effect at the end of the conversation: those declared, with what system messages added and withdrew. */
export function toolsInEffect({ tools, turns }: MessagesRequest): readonly JsonObject[] {
  const defined = new Map<string, JsonObject>();
  const withdrawn = new Set<string>();
  for (const { role, blocks } of turns) {
    if (role !== 'system') continue;
    for (const { type, tool } of blocks) {
      if ((type !== 'tool_addition' && type !== 'tool_removal') || !isJsonObject(tool)) continue;
      const definition = definitionOf(tool);
      const name = textField(definition ?? tool, 'name');
      if (name === null) continue;
      if (type === 'tool_removal') withdrawn.add(name);
      else withdrawn.delete(name);
      if (definition !== null) defined.set(name, definition);
    }
  }
  if (defined.size === 0 && withdrawn.size === 0) return tools;
  const declared = tools.filter(({ name }) => typeof name !== 'string' || !defined.has(name));
  return [...declared, ...defined.values()].filter(
    ({ name }) => typeof name !== 'string' || !withdrawn.has(name),
  );
}
