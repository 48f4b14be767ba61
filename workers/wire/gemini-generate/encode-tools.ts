import { GatewayError } from '../../../schemas/error.ts';
import { type JsonObject, objectField, textField } from '../../json.ts';
import { clientTool } from './client-tools.ts';
import { type GeminiEncodeContext, isGemini3 } from './encode-context.ts';
import { sanitizeSchema } from './schema.ts';
import type { ToolNames } from './tool-names.ts';

/** A request's tools in Gemini's form. */
export interface EncodedTools {
  /** `tools`; empty = none. */
  readonly tools: readonly JsonObject[];
  /** Names of the functions, in the provider's spelling. */
  readonly functionNames: ReadonlySet<string>;
}

/** Stands for tools that Claude Code has not loaded; nobody can call it. */
const PLACEHOLDER = 'DeferredToolPlaceholder';
const NAME_CHARACTERS_MAX = 60;

/** Server tools that Gemini has too, by the beginning of their type. */
const GEMINI_TOOLS: readonly (readonly [prefix: string, tool: string])[] = [
  ['web_search_', 'googleSearch'],
  ['code_execution_', 'codeExecution'],
];
/** Search options that have no counterpart. */
const SEARCH_OPTIONS = ['allowed_domains', 'blocked_domains', 'max_uses', 'user_location'];

/**
 * Encodes `tools`.
 *
 * @throws GatewayError `invalid_request_error` for a tool without a name, and when the only tool runs at Anthropic.
 */
export function encodeTools(
  tools: readonly JsonObject[],
  { context, names }: { context: GeminiEncodeContext; names: ToolNames },
): EncodedTools {
  if (tools.length > 0 && !context.model.hasTools) {
    context.warnings.add('tools dropped');
    return { tools: [], functionNames: new Set() };
  }
  const declarations = new Map<string, JsonObject>();
  const servers: JsonObject[] = [];
  for (const [index, tool] of tools.entries()) {
    const definition = definitionOf(tool);
    if (definition === null) servers.push(tool);
    else if (tool.name !== PLACEHOLDER) {
      const declaration = encodeFunction(tool, { ...definition, index, context, names });
      const name = String(declaration.name);
      if (declarations.has(name)) context.warnings.add(`second tool ${name} dropped`);
      else declarations.set(name, declaration);
    }
  }
  const hosted = encodeServerTools(servers, { context, hasFunctions: declarations.size > 0 });
  if (servers.length > 0 && declarations.size === 0 && Object.keys(hosted).length === 0)
    refuse(servers[0] ?? {}, tools, context);
  const functions =
    declarations.size === 0 ? {} : { functionDeclarations: [...declarations.values()] };
  const all = { ...functions, ...hosted };
  return {
    tools: Object.keys(all).length === 0 ? [] : [all],
    functionNames: new Set(declarations.keys()),
  };
}

/** The names that the request's own tools have. */
export function declaredNames(tools: readonly JsonObject[]): readonly string[] {
  return tools.flatMap((tool) => textField(tool, 'name') ?? []);
}

interface Definition {
  readonly description: string | null;
  readonly schema: unknown;
}

// null: a tool that runs at Anthropic, or is of a kind that nobody knows here.
function definitionOf(tool: JsonObject): Definition | null {
  const type = textField(tool, 'type');
  if (type === null || type === 'custom')
    return { description: textField(tool, 'description'), schema: tool.input_schema };
  const known = clientTool(type);
  return known === null ? null : { description: known.description, schema: known.inputSchema };
}

function encodeFunction(
  tool: JsonObject,
  about: Definition & { index: number; context: GeminiEncodeContext; names: ToolNames },
): JsonObject {
  const { description, schema, index, context, names } = about;
  const clientName = textField(tool, 'name');
  if (clientName === null)
    throw new GatewayError('invalid_request_error', `tools.${index}.name: Field required`);
  const { warnings, usesJsonSchema } = context;
  for (const field of ['input_examples', 'strict'])
    if (tool[field] !== undefined && tool[field] !== null && tool[field] !== false)
      warnings.add(`tool field ${field} dropped`);
  const onDropped = (property: string): void =>
    warnings.add(`property ${property.slice(0, NAME_CHARACTERS_MAX)} of ${clientName} dropped`);
  const parameters = sanitizeSchema(schema, {
    mode: usesJsonSchema ? 'json-schema' : 'subset',
    onDropped,
  });
  const key = usesJsonSchema ? 'parametersJsonSchema' : 'parameters';
  return {
    name: names.spell(clientName),
    ...(description === null ? {} : { description }),
    // A function without arguments has no parameters: Gemini takes no object without properties for them.
    ...('properties' in parameters ? { [key]: parameters } : {}),
  };
}

function encodeServerTools(
  servers: readonly JsonObject[],
  { context, hasFunctions }: { context: GeminiEncodeContext; hasFunctions: boolean },
): JsonObject {
  const hosted: JsonObject = {};
  const mixes = isGemini3(context);
  for (const tool of servers) {
    const type = textField(tool, 'type') ?? '';
    const geminiTool = GEMINI_TOOLS.find(([prefix]) => type.startsWith(prefix))?.[1];
    if (geminiTool === undefined || (hasFunctions && !mixes)) {
      context.warnings.add(`tool ${type} dropped`);
      continue;
    }
    hosted[geminiTool] = {};
    for (const option of SEARCH_OPTIONS)
      if (tool[option] !== undefined && tool[option] !== null)
        context.warnings.add(`${option} of ${type} dropped`);
  }
  return hosted;
}

function refuse(
  tool: JsonObject,
  tools: readonly JsonObject[],
  { providerId }: GeminiEncodeContext,
): never {
  const type = (textField(tool, 'type') ?? '').slice(0, NAME_CHARACTERS_MAX);
  throw new GatewayError(
    'invalid_request_error',
    `tools.${tools.indexOf(tool)}.type: ${type} does not run on ${providerId}; remove it or choose a Claude model`,
  );
}

/** `toolConfig` for the request's `tool_choice`; null = Gemini's own. */
export function encodeToolChoice(
  body: JsonObject,
  {
    context,
    names,
    functionNames,
  }: {
    context: GeminiEncodeContext;
    names: ToolNames;
    functionNames: ReadonlySet<string>;
  },
): JsonObject | null {
  const choice = objectField(body, 'tool_choice');
  if (choice.type === undefined) return null;
  if (choice.disable_parallel_tool_use === true)
    context.warnings.add('disable_parallel_tool_use dropped');
  // Gemini refuses a choice among no functions; server tools cannot be forced.
  if (functionNames.size === 0) return null;
  if (choice.type === 'auto') return calling('AUTO');
  if (choice.type === 'any') return calling('ANY');
  if (choice.type === 'none') return calling('NONE');
  const name = textField(choice, 'name');
  const spelled = name === null ? null : names.spell(name);
  if (choice.type === 'tool' && spelled !== null && functionNames.has(spelled))
    return calling('ANY', [spelled]);
  context.warnings.add(
    `tool_choice ${name ?? textField(choice, 'type') ?? 'of an unknown type'} dropped`,
  );
  return null;
}

function calling(mode: string, allowedFunctionNames?: readonly string[]): JsonObject {
  const allowed = allowedFunctionNames === undefined ? {} : { allowedFunctionNames };
  return { functionCallingConfig: { mode, ...allowed } };
}
