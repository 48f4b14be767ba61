import type { ProviderSettings } from '../../config/config.ts';
import { GatewayError } from '../../schemas/error.ts';
import type { Provider } from '../provider.ts';
import type { ProviderContext } from '../registry.ts';
import { AZURE_INFERENCE_FLAVOUR } from '../wire/openai-chat/flavour.ts';
import { openaiChat } from '../wire/openai-chat.ts';
import { openaiChatRequest } from './openai-chat-request.ts';

/** GitHub Models' wire, which Azure AI inference endpoints still serve: GITHUB_MODELS_BASE_URL says which. */
export function createGithubModels(settings: ProviderSettings, context: ProviderContext): Provider {
  const { apiKey } = settings;
  return {
    id: 'github-models',
    wire: openaiChat,
    account: settings.account,
    request(work) {
      if (apiKey === null) {
        throw new GatewayError('api_error', 'provider github-models has no key: set GITHUB_TOKEN', {
          status: 502,
        });
      }
      const target = {
        providerId: 'github-models',
        origin: settings.baseUrl,
        path: '/inference/chat/completions',
        // GitHub takes the first, Azure either.
        headers: [
          ['authorization', `Bearer ${apiKey}`],
          ['api-key', apiKey],
        ],
        flavour: AZURE_INFERENCE_FLAVOUR,
      } as const;
      return openaiChatRequest(work, target, context);
    },
  };
}
