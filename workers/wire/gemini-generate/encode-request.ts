import type { JsonObject } from '../../json.ts';
import type { EncodedRequest } from '../../translation/encode.ts';
import type { Block, MessagesRequest } from '../../translation/messages-request.ts';
import { type Content, encodeContents } from './encode-contents.ts';
import type { GeminiEncodeContext } from './encode-context.ts';
import { encodeOptions } from './encode-options.ts';
import { encodeBlock } from './encode-parts.ts';
import { declaredNames, type EncodedTools, encodeToolChoice, encodeTools } from './encode-tools.ts';
import { ToolNames } from './tool-names.ts';

/** Fields that change what Anthropic does and have no counterpart; the others are of no consequence here. */
const LOST_FIELDS = ['mcp_servers', 'container', 'fallbacks'] as const;

/**
 * Encodes a request as the body of `generateContent` and `streamGenerateContent`. Pure.
 *
 * @throws GatewayError `invalid_request_error` that names what Gemini cannot do and what to do instead.
 */
export function encodeGeminiRequest(
  request: MessagesRequest,
  context: GeminiEncodeContext,
): EncodedRequest {
  const { body } = request;
  const { names, contents, tools } = encodeConversation(request, context);
  const hasTools = tools.tools.length > 0;
  const { generationConfig, instruction } = encodeOptions(request, { context, hasTools });
  const { functionNames } = tools;
  const toolConfig = encodeToolChoice(body, { context, names, functionNames });
  for (const field of LOST_FIELDS) if (isSet(body[field])) context.warnings.add(`${field} dropped`);
  const { safetySettings } = context;
  const encoded = {
    ...systemInstruction(request.system, { context, instruction }),
    contents,
    ...(hasTools ? { tools: tools.tools } : {}),
    ...(toolConfig === null ? {} : { toolConfig }),
    generationConfig,
    ...(safetySettings.length === 0 ? {} : { safetySettings }),
  };
  return { body: JSON.stringify(encoded), toolNames: names.respelled };
}

/**
 * Encodes a request as the body of `countTokens`: what of it costs input tokens. Pure.
 *
 * @throws GatewayError as encodeGeminiRequest does.
 */
export function encodeGeminiCount(request: MessagesRequest, context: GeminiEncodeContext): string {
  const { contents, tools } = encodeConversation(request, context);
  return JSON.stringify({
    contents,
    ...systemInstruction(request.system, { context, instruction: null }),
    ...(tools.tools.length === 0 ? {} : { tools: tools.tools }),
  });
}

interface Conversation {
  readonly names: ToolNames;
  readonly contents: readonly Content[];
  readonly tools: EncodedTools;
}

function encodeConversation(request: MessagesRequest, context: GeminiEncodeContext): Conversation {
  const names = new ToolNames(declaredNames(request.tools));
  const tools = encodeTools(request.tools, { context, names });
  const contents = encodeContents(request, { context, names });
  return { names, contents, tools };
}

function systemInstruction(
  system: readonly Block[],
  { context, instruction }: { context: GeminiEncodeContext; instruction: string | null },
): JsonObject {
  const scope = { context, isStrict: false };
  const own = system.flatMap((block) => encodeBlock(block, scope));
  const parts = [
    ...own.filter((part) => 'text' in part),
    ...(instruction === null ? [] : [{ text: instruction }]),
  ];
  return parts.length === 0 ? {} : { systemInstruction: { parts } };
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}
