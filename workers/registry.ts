import type { ToolStates } from '../bus/tool-states.ts';
import type { ProviderSettings } from '../config/config.ts';
import type { ModelMapping } from '../config/model-mapping.ts';
import { adapterOf, type BuiltInProviderId } from '../schemas/provider.ts';
import type { GoogleCredentials } from './google-auth.ts';
import type { Provider } from './provider.ts';
import { createAnthropic } from './providers/anthropic.ts';
import { createGithubModels } from './providers/github-models.ts';
import { createOpenaiCompatible } from './providers/openai-compatible.ts';
import { createOpenrouter } from './providers/openrouter.ts';
import { createVertexClaude } from './providers/vertex-claude.ts';
import { createVertexGemini } from './providers/vertex-gemini.ts';

/** What providers share within a process. */
export interface ProviderContext {
  readonly toolStates: Pick<ToolStates, 'get'>;
  readonly modelMapping: ModelMapping;
  /** Instead of application credentials. */
  readonly google?: GoogleCredentials;
}

/** Makes a provider of its settings; no I/O. */
export type ProviderFactory = (settings: ProviderSettings, context: ProviderContext) => Provider;

/** Every provider that is built in. Add a provider: one file in providers/, one line here. */
const providerFactories: Readonly<Record<BuiltInProviderId, ProviderFactory>> = {
  anthropic: createAnthropic,
  'github-models': createGithubModels,
  'openai-compatible': createOpenaiCompatible,
  openrouter: createOpenrouter,
  'vertex-claude': createVertexClaude,
  'vertex-gemini': createVertexGemini,
};

/** Makes the provider that these settings are for. */
export function createProvider(settings: ProviderSettings, context: ProviderContext): Provider {
  return providerFactories[adapterOf(settings.id)](settings, context);
}
