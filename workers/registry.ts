import type { ProviderSettings } from '../config/config.ts';
import type { ProviderId } from '../schemas/provider.ts';
import type { Provider } from './provider.ts';
import { createAnthropic } from './providers/anthropic.ts';
import { createOpenrouter } from './providers/openrouter.ts';
import { createVertexClaude } from './providers/vertex-claude.ts';

/** Makes a provider of its settings; no I/O. */
export type ProviderFactory = (settings: ProviderSettings) => Provider;

/** Every provider that is built in. Add a provider: one file in providers/, one line here. */
export const providerFactories: Readonly<Partial<Record<ProviderId, ProviderFactory>>> = {
  anthropic: createAnthropic,
  openrouter: createOpenrouter,
  'vertex-claude': createVertexClaude,
};
