import { GatewayError } from '../../../schemas/error.ts';
import { exactNumber } from '../../exact-json.ts';
import { isJsonObject, type JsonObject, objectField } from '../../json.ts';
import type { MessagesRequest } from '../../translation/messages-request.ts';
import { type GeminiEncodeContext, geminiGeneration, isGemini3 } from './encode-context.ts';
import { encodeThinking } from './encode-thinking.ts';
import { sanitizeSchema } from './schema.ts';

/** The settings of a request. */
export interface EncodedOptions {
  readonly generationConfig: JsonObject;
  /** What the model must be told because no setting says it; null = nothing. */
  readonly instruction: string | null;
}

/** Source: protocol reference §7.3, max_tokens and stop_sequences. */
const OUTPUT_TOKENS_MAX = 65_536;
const OLD_OUTPUT_TOKENS_MAX = 8192;
const STOP_SEQUENCES_MAX = 5;

/**
 * Encodes every setting that shapes the answer.
 *
 * @throws GatewayError `invalid_request_error` that names a setting which cannot be read.
 */
export function encodeOptions(
  request: MessagesRequest,
  { context, hasTools }: { context: GeminiEncodeContext; hasTools: boolean },
): EncodedOptions {
  const { body } = request;
  const thinking = encodeThinking(request, context);
  const maxOutputTokens = encodeMaxTokens(body, thinking.headroomTokens, context);
  const stopSequences = encodeStopSequences(body, context);
  const format = encodeFormat(body, { context, hasTools });
  const generationConfig = {
    ...setting(body, 'temperature', 'temperature'),
    ...setting(body, 'top_p', 'topP'),
    ...setting(body, 'top_k', 'topK'),
    ...(maxOutputTokens === null ? {} : { maxOutputTokens }),
    ...(stopSequences.length === 0 ? {} : { stopSequences }),
    ...format.settings,
    ...(thinking.config === null ? {} : { thinkingConfig: thinking.config }),
  };
  return { generationConfig, instruction: format.instruction };
}

// Thoughts count against Gemini's limit: without room for them an answer may end before it has begun.
function encodeMaxTokens(
  { max_tokens: asked }: JsonObject,
  headroomTokens: number,
  context: GeminiEncodeContext,
): number | null {
  if (asked === undefined || asked === null) return null;
  const tokens = exactNumber(asked);
  if (tokens === null || !Number.isInteger(tokens) || tokens < 0)
    invalid('max_tokens', 'Input should be a valid integer');
  if (tokens === 0)
    invalid('max_tokens', `${context.providerId} cannot warm a cache; send at least 1`);
  const generation = geminiGeneration(context.upstreamModel);
  const known = generation < 2.5 ? OLD_OUTPUT_TOKENS_MAX : OUTPUT_TOKENS_MAX;
  return Math.min(tokens + headroomTokens, context.model.maxOutputTokens ?? known);
}

function encodeStopSequences(
  { stop_sequences: asked }: JsonObject,
  { warnings }: GeminiEncodeContext,
): readonly string[] {
  if (asked === undefined || asked === null) return [];
  if (!Array.isArray(asked)) invalid('stop_sequences', 'Input should be a valid list');
  const texts = asked.filter((text) => typeof text === 'string' && text !== '');
  if (texts.length > STOP_SEQUENCES_MAX)
    warnings.add(`stop_sequences after the first ${STOP_SEQUENCES_MAX} dropped`);
  return texts.slice(0, STOP_SEQUENCES_MAX);
}

function encodeFormat(
  body: JsonObject,
  { context, hasTools }: { context: GeminiEncodeContext; hasTools: boolean },
): { settings: JsonObject; instruction: string | null } {
  const format = objectField(body, 'output_config').format ?? body.output_format;
  if (!isJsonObject(format)) return { settings: {}, instruction: null };
  const { warnings, usesJsonSchema, model } = context;
  const { type, schema } = format;
  if (type !== 'json_schema' || !isJsonObject(schema)) {
    warnings.add('output_config.format of an unknown type dropped');
    return { settings: {}, instruction: null };
  }
  if (!model.hasStructuredOutput || (hasTools && !isGemini3(context))) {
    warnings.add('output_config.format asked for in words');
    return { settings: {}, instruction: formatInstruction(schema) };
  }
  const mode = usesJsonSchema ? 'json-schema' : 'subset';
  const onDropped = (name: string): void => warnings.add(`output property ${name} dropped`);
  const written = sanitizeSchema(schema, { mode, onDropped });
  const key = usesJsonSchema ? 'responseJsonSchema' : 'responseSchema';
  return {
    settings: { responseMimeType: 'application/json', [key]: written },
    instruction: null,
  };
}

function formatInstruction(schema: JsonObject): string {
  return [
    'When you give your final answer, write one JSON value that matches this JSON Schema, and nothing else:',
    'no Markdown fence, no words before or after it.',
    JSON.stringify(schema),
  ].join('\n');
}

function setting(body: JsonObject, name: string, geminiName: string): JsonObject {
  const asked = body[name];
  if (asked === undefined || asked === null) return {};
  if (exactNumber(asked) === null) invalid(name, 'Input should be a valid number');
  return { [geminiName]: asked };
}

function invalid(field: string, problem: string): never {
  throw new GatewayError('invalid_request_error', `${field}: ${problem}`);
}
