import { z } from 'zod';

/** Oddities of real servers, each with the server that is known for it. Source: protocol reference §3 to §6. */
export const QUIRKS = {
  'no-done': 'the stream ends without `[DONE]`',
  'tool-index-missing': 'tool deltas without `index`',
  'tool-index-from-one': "tool calls counted from 1 (Anthropic's compatibility layer)",
  'tool-index-same': 'every tool call has index 0 (old Ollama)',
  'tool-id-missing': 'tool calls without `id`',
  'tool-fields-repeated': 'continued tool calls with an empty id and name (Alibaba, Mistral)',
  'tool-calls-whole': 'all tool calls in one chunk (Ollama, Mistral)',
  'tool-calls-interleaved': 'pieces of several tool calls in turn (vLLM)',
  'tool-arguments-object': 'arguments as an object (native Ollama)',
  'finish-stop': '`stop` with tool calls (Ollama, LM Studio)',
  'finish-repeated': '`finish_reason` in two chunks',
  'finish-empty': '`finish_reason` is "" before the end',
  'finish-omitted': 'no `finish_reason` key before the end (xAI)',
  'role-missing': 'no chunk says a role (GPUStack)',
  'role-repeated': 'every chunk says its role (Ollama)',
  'usage-on-finish': 'usage in the last content chunk (DeepSeek, Moonshot)',
  'usage-x-groq': 'usage in `x_groq` (Groq)',
  'reasoning-field': 'thoughts in `reasoning` (Ollama, newer vLLM)',
  'reasoning-content-field': 'thoughts in `reasoning_content` (DeepSeek, xAI)',
  'reasoning-think-tags': 'thoughts in `<think>` at the head of the text (llama.cpp)',
  'reasoning-parts': 'thoughts as content parts (Mistral)',
  'error-as-event': 'errors inside a stream are events named `error` (Groq)',
  'prompt-blocked': 'Gemini: `promptFeedback` and no candidate',
  'finish-malformed-call': 'Gemini: MALFORMED_FUNCTION_CALL instead of the answer',
  'content-empty': 'Gemini: STOP with no parts at all',
  'call-ids': 'Gemini: every functionCall has an id',
  'calls-apart': 'Gemini: each functionCall in a chunk of its own',
  'partial-args': 'Gemini: arguments of a call in pieces',
  'partial-args-unfinished': 'Gemini: arguments in pieces, and the last marker missing',
  'traffic-type-missing': 'Gemini: no usageMetadata before the last chunk (Gemini API)',
} as const;

/** A key of QUIRKS. */
export type Quirk = keyof typeof QUIRKS;

const names = Object.keys(QUIRKS) as Quirk[]; // Object.keys widens them

/** Accepts names of QUIRKS. */
export const quirksSchema = z.array(z.enum(names)).max(names.length);

/** True for a name in QUIRKS. */
export function isQuirk(name: string): name is Quirk {
  return Object.hasOwn(QUIRKS, name);
}
