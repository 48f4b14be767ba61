import { z } from 'zod';

/** Every provider id this build knows; the id is also the last token of the provider's subjects. */
export const PROVIDER_IDS = [
  'vertex-claude',
  'vertex-gemini',
  'github-models',
  'openrouter',
  'anthropic',
  'openai-compatible',
] as const;

/** Accepts exactly the ids in PROVIDER_IDS. */
export const providerIdSchema = z.enum(PROVIDER_IDS);
/** One of PROVIDER_IDS. */
export type ProviderId = (typeof PROVIDER_IDS)[number];

/** The short names that admin paths accept beside the ids. */
export const PROVIDER_SHORT_NAMES: Readonly<Record<string, ProviderId>> = {
  vertex: 'vertex-claude',
  gemini: 'vertex-gemini',
  github: 'github-models',
};
