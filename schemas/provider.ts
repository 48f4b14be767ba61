import { z } from 'zod';

/** The providers that this build has an adapter for; the id is also the last token of the provider's subjects. */
export const PROVIDER_IDS = [
  'vertex-claude',
  'vertex-gemini',
  'github-models',
  'openrouter',
  'anthropic',
  'openai-compatible',
] as const;

/** One of PROVIDER_IDS. */
export type BuiltInProviderId = (typeof PROVIDER_IDS)[number];
/** An OpenAI-compatible server with a name of its own, e.g. `openai-compatible-ollama`. */
export type NamedProviderId = `openai-compatible-${string}`;
/** Every provider: built in, or a named server. */
export type ProviderId = BuiltInProviderId | NamedProviderId;

const NAMED = /^openai-compatible-[a-z0-9][a-z0-9-]{0,31}$/;

/** True for the built-in ids and for well-formed ids of named servers. */
export function isProviderId(text: string): text is ProviderId {
  return PROVIDER_IDS.some((id) => id === text) || NAMED.test(text);
}

/** The adapter that serves a provider. */
export function adapterOf(id: ProviderId): BuiltInProviderId {
  return PROVIDER_IDS.find((known) => known === id) ?? 'openai-compatible';
}

/** The id of a named server. Names are lower-case letters, digits and `-`, at most 32. */
export function namedProviderId(name: string): NamedProviderId {
  return `openai-compatible-${name}`;
}

/** Accepts exactly what `isProviderId` accepts. */
export const providerIdSchema = z.custom<ProviderId>(
  (value) => typeof value === 'string' && isProviderId(value),
  'must be a provider id',
);

/** The short names that admin paths accept beside the ids. */
export const PROVIDER_SHORT_NAMES: Readonly<Record<string, BuiltInProviderId>> = {
  vertex: 'vertex-claude',
  gemini: 'vertex-gemini',
  github: 'github-models',
};
