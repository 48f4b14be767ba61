import type { ProviderId } from '../../../schemas/provider.ts';
import { maskSecrets } from '../../errors/mask.ts';

/** What is known when an answer of Gemini's is over. */
export interface GeminiEnd {
  readonly providerId: ProviderId;
  /** The last one that came; null when none did. */
  readonly finishReason: string | null;
  readonly finishMessage: string | null;
  readonly blockReason: string | null;
  readonly blockReasonMessage: string | null;
  /** The client gets a block of any kind. */
  readonly hasContent: boolean;
  readonly hasCalls: boolean;
}

/** How an answer ends for the client. `broken`: it never was whole; `failed`: it ended in a fault of the model. */
export type Verdict =
  | {
      readonly kind: 'ended';
      readonly stopReason: string;
      /** Only with `refusal`. */
      readonly explanation: string | null;
    }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'broken' };

const REFUSALS = new Set([
  'SAFETY',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'MODEL_ARMOR',
  'JAILBREAK',
]);
const IMAGE_REFUSAL = 'IMAGE_';
const FAULTS = new Set([
  'MALFORMED_FUNCTION_CALL',
  'MALFORMED_RESPONSE',
  'UNEXPECTED_TOOL_CALL',
  'TOO_MANY_TOOL_CALLS',
  'MISSING_THOUGHT_SIGNATURE',
]);
const WORDS_CHARACTERS_MAX = 500;

/**
 * Maps the end of an answer. Pure. Source: protocol reference §7.4.
 *
 * A call counts as `tool_use` whatever Gemini calls it, but for a full budget and refusals. Reasons that nobody knows
 * end a turn that has content and refuse one that has none.
 */
export function verdictOf(end: GeminiEnd): Verdict {
  const { finishReason, finishMessage, blockReason, providerId } = end;
  if (blockReason !== null) {
    const words = end.blockReasonMessage ?? `${providerId} blocked the prompt: ${blockReason}`;
    return refusal(words);
  }
  if (finishReason === null) return { kind: 'broken' };
  if (finishReason === 'MAX_TOKENS') return ended('max_tokens');
  if (FAULTS.has(finishReason)) {
    const words = finishMessage === null ? '' : `: ${finishMessage}`;
    return failed(`[${providerId}] the model failed with ${finishReason}${words}`);
  }
  if (REFUSALS.has(finishReason) || finishReason.startsWith(IMAGE_REFUSAL)) {
    return refusal(finishMessage ?? `${providerId} stopped the answer: ${finishReason}`);
  }
  if (end.hasCalls) return ended('tool_use');
  if (end.hasContent) return ended('end_turn');
  if (finishReason === 'STOP') return failed(`provider ${providerId} answered with nothing`);
  return refusal(finishMessage ?? `${providerId} gave no answer: ${finishReason}`);
}

function ended(stopReason: string): Verdict {
  return { kind: 'ended', stopReason, explanation: null };
}

function refusal(words: string): Verdict {
  return { kind: 'ended', stopReason: 'refusal', explanation: clean(words) };
}

function failed(message: string): Verdict {
  return { kind: 'failed', message: clean(message) };
}

function clean(words: string): string {
  return maskSecrets(words).slice(0, WORDS_CHARACTERS_MAX);
}
