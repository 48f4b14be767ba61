import type { EncodedRequest, ModelFacts } from '../../../workers/translation/encode.ts';
import { readMessagesRequest } from '../../../workers/translation/messages-request.ts';
import { Warnings } from '../../../workers/translation/warnings.ts';
import { encodeOpenaiRequest } from '../../../workers/wire/openai-chat/encode-request.ts';
import {
  DEFAULT_FLAVOUR,
  type OpenaiEncodeContext,
  type OpenaiFlavour,
} from '../../../workers/wire/openai-chat/flavour.ts';

/** A message of the encoded body, as a test reads it. */
export interface SentMessage {
  readonly role: string;
  readonly content: unknown;
  readonly tool_calls?: readonly {
    readonly id: string;
    readonly function: { readonly name: string; readonly arguments: string };
  }[];
  readonly tool_call_id?: string;
  readonly reasoning_content?: string;
  readonly reasoning_details?: readonly unknown[];
}

/** The encoded body, as a test reads it. */
export interface SentBody {
  readonly messages: readonly SentMessage[];
  readonly tools?: readonly { readonly function: Record<string, unknown> }[];
  readonly [field: string]: unknown;
}

/** What one encoding gave. */
export interface Encoded {
  readonly body: SentBody;
  readonly warnings: readonly string[];
  readonly toolNames: EncodedRequest['toolNames'];
}

/** A model that can everything but prefill. */
export const CAPABLE: ModelFacts = {
  maxOutputTokens: null,
  contextWindowTokens: null,
  hasImages: true,
  hasPdf: false,
  hasTools: true,
  hasStructuredOutput: true,
  hasPrefill: false,
  thinking: 'effort',
  effortLevels: [],
};

/** What a test may say about the server and the model. */
export interface EncodeOptions {
  readonly flavour?: OpenaiFlavour;
  readonly model?: Partial<ModelFacts>;
  readonly context?: Partial<OpenaiEncodeContext>;
}

/** Encodes a Messages request with `max_tokens` and one user message unless it has its own. */
export function encode(fields: object, options: EncodeOptions = {}): Encoded {
  const messages = [{ role: 'user', content: 'hi' }];
  const bytes = Buffer.from(JSON.stringify({ max_tokens: 1000, messages, ...fields }));
  return encodeBytes(bytes, options);
}

/** Encodes a Messages request as it came. */
export function encodeBytes(
  bytes: Uint8Array,
  { flavour = DEFAULT_FLAVOUR, model, context }: EncodeOptions = {},
): Encoded {
  const warnings = new Warnings();
  const encoded = encodeOpenaiRequest(readMessagesRequest(bytes), {
    providerId: 'openai-compatible',
    upstreamModel: 'some-model',
    model: { ...CAPABLE, ...model },
    isStream: true,
    sessionId: 'session-1',
    toolStates: new Map(),
    warnings,
    flavour,
    ...context,
  });
  return {
    body: JSON.parse(encoded.body) as SentBody,
    warnings: warnings.list,
    toolNames: encoded.toolNames,
  };
}

/** A `tool_use` block. */
export const call = (id: string, input: object = {}, name = 'Read') => ({
  type: 'tool_use',
  id,
  name,
  input,
});
/** A `tool_result` block. */
export const result = (id: string, content?: unknown, more: object = {}) => ({
  type: 'tool_result',
  tool_use_id: id,
  content,
  ...more,
});
/** A user message. */
export const user = (content: unknown) => ({ role: 'user', content });
/** An assistant message. */
export const assistant = (content: unknown) => ({ role: 'assistant', content });
/** A system message inside the conversation. */
export const system = (content: unknown, more: object = {}) => ({
  role: 'system',
  content,
  ...more,
});
