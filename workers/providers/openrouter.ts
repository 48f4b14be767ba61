import type { ProviderSettings } from '../../config/config.ts';
import { GatewayError } from '../../schemas/error.ts';
import { fieldSplices, spliceBody } from '../edit-body.ts';
import type { Provider, UpstreamRequest, Work } from '../provider.ts';
import { chosenHeaders } from '../request-headers.ts';
import { anthropicMessages } from '../wire/anthropic-messages.ts';

/** What OpenRouter needs of the client's headers; the rest tells a third party about the user. */
const HEADER_NAMES = ['accept', 'anthropic-beta', 'anthropic-version', 'user-agent'];

/** OpenRouter through its Anthropic-compatible endpoint: only the model's name is respelled. */
export function createOpenrouter(settings: ProviderSettings): Provider {
  const { apiKey } = settings;
  return {
    id: 'openrouter',
    wire: anthropicMessages,
    account: 'OPENROUTER_API_KEY',
    async request({ dispatch, body }: Work): Promise<UpstreamRequest> {
      const { facts, fields, headers } = dispatch;
      if (facts.operation === 'count_tokens') {
        throw new GatewayError('not_found_error', 'count_tokens is not offered by openrouter');
      }
      if (apiKey === null) {
        throw new GatewayError(
          'api_error',
          'provider openrouter has no key: set OPENROUTER_API_KEY',
          {
            status: 502,
          },
        );
      }
      const upstreamModel = openrouterModel(facts.requestModel);
      const set =
        upstreamModel === facts.requestModel ? {} : { model: JSON.stringify(upstreamModel) };
      return {
        origin: settings.baseUrl,
        path: '/api/v1/messages',
        headers: chosenHeaders(headers, HEADER_NAMES, [['authorization', `Bearer ${apiKey}`]]),
        body: spliceBody(body, fieldSplices(body, fields, { set })),
        upstreamModel,
      };
    },
  };
}

/**
 * OpenRouter's spelling of a model: `claude-opus-4-5-20251101` is `anthropic/claude-opus-4.5`. Names with a slash, and
 * those of other makers, are OpenRouter's already.
 */
export function openrouterModel(model: string): string {
  const name = model.replace(/\[1m\]$/, '');
  if (name.includes('/') || !name.startsWith('claude-')) return name;
  const undated = name.replace(/-\d{8}$/, '');
  const dotted = undated
    .replace(/^(claude-[a-z]+-\d{1,2})-(\d{1,2})$/, '$1.$2')
    // The third generation has its number before its name.
    .replace(/^claude-(\d)-(\d)-/, 'claude-$1.$2-');
  return `anthropic/${dotted}`;
}
