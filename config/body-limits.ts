import type { BuiltInProviderId } from '../schemas/provider.ts';

const MESSAGES_BYTES_MAX = 33_554_432;

/**
 * Bytes of a request body that a provider takes; 413 above. Those that publish none are left out.
 *
 * Source: protocol reference §1.2: 32 MB for messages. OpenRouter hands Claude's messages on to services with that limit.
 */
export const BODY_BYTES_MAX: Readonly<Partial<Record<BuiltInProviderId, number>>> = {
  anthropic: MESSAGES_BYTES_MAX,
  openrouter: MESSAGES_BYTES_MAX,
};
