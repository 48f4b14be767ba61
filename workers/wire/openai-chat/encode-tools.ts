import { GatewayError } from '../../../schemas/error.ts';
import { isJsonObject, type JsonObject, textField } from '../../json.ts';
import type { MessagesRequest } from '../../translation/messages-request.ts';
import { encodeToolChoice } from './encode-tool-choice.ts';
import type { Encoding } from './encoding.ts';
import { isStrictSchema } from './strict-schema.ts';
import { toolsInEffect } from './tool-changes.ts';
import { typedTool } from './typed-tools.ts';

/** Claude Code's stand-in for the tools that it has not loaded: nothing can call it. */
const PLACEHOLDER = 'DeferredToolPlaceholder';
const WEB_SEARCH = 'web_search_';
const EXAMPLES_MAX = 4;
/** Unknown types may be any length; errors stay short. */
const TYPE_CHARACTERS_MAX = 64;

interface EncodedTool {
  readonly type: 'function';
  readonly function: JsonObject & { readonly name: string };
}

/** What becomes of one tool: a function, the server's own web search, or nothing. */
type Fate =
  | { readonly kind: 'function'; readonly clientName: string; readonly tool: EncodedTool }
  | { readonly kind: 'web' }
  | { readonly kind: 'lost'; readonly what: string };

/**
 * Encodes tools and the choice among them: the fields `tools`, `tool_choice`, `parallel_tool_calls` and `plugins`.
 *
 * @throws GatewayError `invalid_request_error` when all tools are such that only Anthropic can run them.
 */
export function encodeTools(request: MessagesRequest, encoding: Encoding): JsonObject {
  const { model, warnings } = encoding.context;
  const fates = toolsInEffect(request)
    .filter(({ name }) => name !== PLACEHOLDER)
    .map((tool, index) => fateOf(tool, index, encoding));
  const functions = fates.filter((fate) => fate.kind === 'function');
  const web = fates.some(({ kind }) => kind === 'web') ? { plugins: [{ id: 'web' }] } : {};
  const lost = fates.filter((fate) => fate.kind === 'lost');
  if (lost[0] !== undefined && lost.length === fates.length) refuse(lost[0].what, encoding);
  for (const { what } of lost) warnings.add(`tool ${what} dropped`);
  if (functions.length === 0) return web;
  if (!model.hasTools) {
    warnings.add('tools dropped: the model has none');
    return web;
  }
  const names = new Set(functions.map(({ clientName }) => clientName));
  return {
    tools: functions.map(({ tool }) => tool),
    ...encodeToolChoice(request.body.tool_choice, names, encoding),
    ...web,
  };
}

function fateOf(tool: JsonObject, index: number, encoding: Encoding): Fate {
  const type = textField(tool, 'type');
  if (type === null || type === 'custom' || isJsonObject(tool.input_schema))
    return customTool(tool, index, encoding);
  const typed = typedTool(tool);
  if (typed !== null) {
    const { name, description, parameters } = typed;
    return functionOf(name, { description, parameters }, encoding);
  }
  if (type.startsWith(WEB_SEARCH) && encoding.context.flavour.hasWebPlugin) {
    tellWebLosses(tool, encoding);
    return { kind: 'web' };
  }
  return { kind: 'lost', what: type.slice(0, TYPE_CHARACTERS_MAX) };
}

function customTool(tool: JsonObject, index: number, encoding: Encoding): Fate {
  const name = textField(tool, 'name');
  if (name === null)
    throw new GatewayError('invalid_request_error', `tools.${index}.name: Field required`);
  const parameters = parametersOf(tool.input_schema);
  const description = descriptionOf(tool);
  const strict = tool.strict === true && isStrictSchema(parameters);
  if (tool.strict === true && !strict)
    encoding.context.warnings.add(`strict dropped from tool ${name}: its schema leaves room`);
  const fields = {
    ...(description === '' ? {} : { description }),
    parameters,
    ...(strict ? { strict } : {}),
  };
  return functionOf(name, fields, encoding);
}

function functionOf(name: string, fields: JsonObject, { toolNames }: Encoding): Fate {
  return {
    kind: 'function',
    clientName: name,
    tool: { type: 'function', function: { name: toolNames.encode(name), ...fields } },
  };
}

function parametersOf(schema: unknown): JsonObject {
  if (!isJsonObject(schema)) return { type: 'object', properties: {} };
  const { $schema: _, ...parameters } = schema; // says nothing to a model
  // Local servers refuse a schema without these.
  return {
    ...parameters,
    type: 'object',
    properties: isJsonObject(schema.properties) ? schema.properties : {},
  };
}

function descriptionOf(tool: JsonObject): string {
  const description = textField(tool, 'description') ?? '';
  const { input_examples: examples } = tool;
  if (!Array.isArray(examples) || examples.length === 0) return description;
  const lines = examples.slice(0, EXAMPLES_MAX).map((example) => JSON.stringify(example));
  return [description, 'Examples of input:', ...lines].filter((line) => line !== '').join('\n');
}

function tellWebLosses(tool: JsonObject, { context: { warnings } }: Encoding): void {
  for (const field of ['max_uses', 'allowed_domains', 'blocked_domains', 'user_location'])
    if (tool[field] !== undefined && tool[field] !== null)
      warnings.add(`web_search ${field} dropped`);
}

function refuse(what: string, { context: { providerId } }: Encoding): never {
  throw new GatewayError(
    'invalid_request_error',
    `tools: provider ${providerId} cannot run ${what}; route this request to a Claude model, or deny the tool in the client`,
  );
}
