import { GatewayError } from '../../schemas/error.ts';
import { parseExactJson } from '../exact-json.ts';
import { asBuffer, isJsonObject, type JsonObject } from '../json.ts';

/** A content block of a request: only its type is known for sure. */
export type Block = JsonObject & { readonly type: string };

/** One message, its content always as blocks. */
export interface Turn {
  readonly role: 'user' | 'assistant' | 'system';
  readonly blocks: readonly Block[];
  /** `output_config.effort` of a system message: for this turn it replaces the request's own. */
  readonly effort: string | null;
}

/**
 * A request of Anthropic's Messages API, as the encoders of other wires read it.
 *
 * Numbers whose spelling JavaScript would change are opaque objects (see parseExactJson): tool inputs keep their digits;
 * read settings with `exactNumber`.
 */
export interface MessagesRequest {
  /** Text blocks of `system`, without Claude Code's billing header. */
  readonly system: readonly Block[];
  /** Messages in order; neighbours of one role are merged, as the API does. */
  readonly turns: readonly Turn[];
  readonly tools: readonly JsonObject[];
  /** The whole body, for every other field. */
  readonly body: JsonObject;
}

const ROLES = ['user', 'assistant', 'system'] as const;
/** Claude Code's attribution entry: it says nothing to other models and would defeat their caches. */
const BILLING_HEADER = 'x-anthropic-billing-header:';

/**
 * Reads a request body for translation.
 *
 * @throws GatewayError `invalid_request_error` that names the field, in Anthropic's wording.
 */
export function readMessagesRequest(bytes: Uint8Array): MessagesRequest {
  const body = parseBody(bytes);
  const { messages, system, tools } = body;
  if (!Array.isArray(messages))
    invalid('messages', messages === undefined ? 'Field required' : 'Input should be a valid list');
  if (messages.length === 0) invalid('messages', 'at least one message is required');
  const turns = merged(messages.map((message, index) => readTurn(message, index)));
  return {
    system: readBlocks(system ?? [], 'system').filter((block) => !isBillingHeader(block)),
    turns,
    tools: readTools(tools ?? []),
    body,
  };
}

function parseBody(bytes: Uint8Array): JsonObject {
  let body: unknown;
  try {
    body = parseExactJson(asBuffer(bytes).toString('utf8'));
  } catch (cause) {
    throw new GatewayError('invalid_request_error', 'The request body is not valid JSON', {
      cause,
    });
  }
  if (!isJsonObject(body)) invalid('body', 'Input should be a valid dictionary');
  return body;
}

function readTurn(message: unknown, index: number): Turn {
  const where = `messages.${index}`;
  if (!isJsonObject(message)) invalid(where, 'Input should be a valid dictionary');
  const role = ROLES.find((known) => known === message.role);
  if (role === undefined)
    invalid(`${where}.role`, "Input should be 'user', 'assistant' or 'system'");
  const { output_config: outputConfig } = message;
  const effort =
    isJsonObject(outputConfig) && typeof outputConfig.effort === 'string'
      ? outputConfig.effort
      : null;
  // A system message may be there for its settings alone.
  const content = role === 'system' ? (message.content ?? []) : message.content;
  return { role, blocks: readBlocks(content, `${where}.content`), effort };
}

function readBlocks(content: unknown, where: string): readonly Block[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  if (!Array.isArray(content))
    invalid(where, content === undefined ? 'Field required' : 'Input should be a valid list');
  return content.map((block: unknown, index) => {
    if (!isJsonObject(block)) invalid(`${where}.${index}`, 'Input should be a valid dictionary');
    if (typeof block.type !== 'string') invalid(`${where}.${index}.type`, 'Field required');
    return block as Block; // its type was checked
  });
}

function readTools(tools: unknown): readonly JsonObject[] {
  if (!Array.isArray(tools)) invalid('tools', 'Input should be a valid list');
  return tools.map((tool: unknown, index) => {
    if (!isJsonObject(tool)) invalid(`tools.${index}`, 'Input should be a valid dictionary');
    return tool;
  });
}

function merged(turns: readonly Turn[]): readonly Turn[] {
  const result: Turn[] = [];
  for (const turn of turns) {
    const last = result.at(-1);
    if (last !== undefined && last.role === turn.role && turn.role !== 'system') {
      result[result.length - 1] = { ...last, blocks: [...last.blocks, ...turn.blocks] };
    } else result.push(turn);
  }
  return result;
}

function isBillingHeader({ text }: Block): boolean {
  return typeof text === 'string' && text.startsWith(BILLING_HEADER);
}

function invalid(field: string, problem: string): never {
  throw new GatewayError('invalid_request_error', `${field}: ${problem}`);
}
