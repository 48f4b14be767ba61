import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../../../../../shared/fixtures/recorded');

/** A recorded request, and what Anthropic's tokenizer made of it. */
export interface KnownCount {
  readonly name: string;
  readonly model: string;
  /** The request as Messages JSON without spaces, as clients send it. */
  readonly body: Buffer;
  /** Input tokens: new, read from the cache and written to it. */
  readonly tokens: number;
}

/** A reason to skip, or false when the recordings are on this machine. */
export const RECORDINGS_MISSING =
  !existsSync(FOLDER) && 'the recorded requests are not on this machine';

// The answers' usage, read by hand: a stream repeats its input in message_delta, server tools add later turns.
const TOKENS: Readonly<Record<string, number>> = {
  'anthropic/advisor-stream': 1_128,
  'anthropic/citations-search-result-tool-results': 1_253,
  'anthropic/citations-stream': 672,
  'anthropic/compaction-stream': 55_196,
  'anthropic/count-tokens-thinking': 43,
  'anthropic/deferred-capability-fable5': 594,
  'anthropic/document-url': 2_682,
  'anthropic/max-tokens-truncated': 16,
  'anthropic/memory-tool': 1_577,
  'anthropic/mixed-tool-result-with-text': 646,
  'anthropic/opus5-adaptive-max-effort-stream': 13,
  'anthropic/prompt-cache-read': 7_361,
  'anthropic/prompt-cache-write': 7_361,
  'anthropic/stop-sequence': 12,
  'anthropic/stream-text-basic': 15,
  'anthropic/stream-thinking': 80,
  'anthropic/stream-tools-turn1': 633,
  'anthropic/stream-tools-turn2': 748,
  'anthropic/strict-tool': 628,
  'anthropic/tool-choice-specific': 716,
  'anthropic/tool-result-with-image': 675,
  'anthropic/tool-search-stream-turn1': 702,
  'anthropic/tools-parallel-turn1': 701,
  'anthropic/tools-parallel-turn2-results': 893,
  'anthropic/web-search-stream': 2_225,
  'openrouter/cache-anthropic': 3_214,
  'openrouter/cache-streaming': 254,
  'openrouter/eager-input-streaming': 550,
  'openrouter/reasoning-details-roundtrip-turn2': 762,
  'openrouter/stream-thinking': 80,
  'openrouter/stream-tools-turn1': 633,
  'vertex-anthropic/reasoning-request-truncated': 45,
  'vertex-anthropic/simple-request': 14,
  'vertex-anthropic/simple-request-followup': 33,
  'vertex-anthropic/thinking-signature-request': 50,
  'vertex-anthropic/thinking-signature-request-followup': 66,
  'vertex-anthropic/tool-call-request': 677,
  'vertex-anthropic/tool-call-request-followup': 748,
};

/** Every recorded request to a Claude model whose input tokens are known. */
export function knownCounts(): readonly KnownCount[] {
  if (RECORDINGS_MISSING) return [];
  return Object.entries(TOKENS).map(([name, tokens]) => {
    const recorded = JSON.parse(readFileSync(join(FOLDER, `${name}.request.json`), 'utf8'));
    const request = name.startsWith('openrouter/') ? messagesRequest(recorded) : recorded;
    const model = recorded.model ?? 'claude-haiku-4-5';
    return { name, model, tokens, body: Buffer.from(JSON.stringify({ model, ...request })) };
  });
}

/** Two numbers' deviation in percent of the second. */
export function deviation(estimate: number, truth: number): number {
  return ((estimate - truth) / truth) * 100;
}

interface ChatMessage {
  readonly role: string;
  readonly content: unknown;
  readonly tool_call_id?: string;
  readonly tool_calls?: readonly {
    readonly id: string;
    readonly function: { readonly name: string; readonly arguments: string };
  }[];
  readonly reasoning_details?: readonly { readonly text: string; readonly signature: string }[];
}

interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly reasoning?: unknown;
  readonly tools?: readonly { readonly function: Readonly<Record<string, unknown>> }[];
}

// OpenRouter passed these on to Anthropic: the same prompt, said in its own words.
function messagesRequest({ model, messages, tools, reasoning }: ChatRequest): object {
  return {
    model,
    ...(reasoning !== undefined && { thinking: { type: 'enabled', budget_tokens: 1_024 } }),
    system: messages.find(({ role }) => role === 'system')?.content,
    messages: messages.filter(({ role }) => role !== 'system').map(anthropicMessage),
    tools: tools?.map(({ function: { parameters, ...tool } }) => ({
      ...tool,
      input_schema: parameters,
    })),
  };
}

function anthropicMessage(message: ChatMessage): object {
  if (message.role === 'tool') {
    const { tool_call_id, content } = message;
    return { role: 'user', content: [{ type: 'tool_result', tool_use_id: tool_call_id, content }] };
  }
  if (message.tool_calls === undefined) return { role: message.role, content: message.content };
  return {
    role: 'assistant',
    content: [
      ...(message.reasoning_details ?? []).map(({ text, signature }) => ({
        type: 'thinking',
        thinking: text,
        signature,
      })),
      ...message.tool_calls.map(({ id, function: call }) => ({
        type: 'tool_use',
        id,
        name: call.name,
        input: JSON.parse(call.arguments),
      })),
    ],
  };
}
