import type { ProviderSettings } from '../../config/config.ts';
import { resolveModel } from '../../config/model-mapping.ts';
import type { HeaderPair } from '../../schemas/envelope.ts';
import { GatewayError } from '../../schemas/error.ts';
import { fieldSplices, spliceBody } from '../edit-body.ts';
import { type Provider, passedThrough, type UpstreamRequest, type Work } from '../provider.ts';
import type { ProviderContext } from '../registry.ts';
import { forwardedHeaders } from '../request-headers.ts';
import { withoutForeignThinking } from '../wire/anthropic-messages/foreign-thinking.ts';
import { modelEdits } from '../wire/anthropic-messages/model-edits.ts';
import { anthropicMessages } from '../wire/anthropic-messages.ts';

/** Sent when the client names no version; Anthropic refuses a request without one. */
const DEFAULT_VERSION: HeaderPair = ['anthropic-version', '2023-06-01'];
const PATHS = { messages: '/v1/messages', count_tokens: '/v1/messages/count_tokens' } as const;

/** Anthropic itself: body, query and headers go out as they came; only the credential is the gateway's. */
export function createAnthropic(
  settings: ProviderSettings,
  { modelMapping }: ProviderContext,
): Provider {
  const { apiKey } = settings;
  return {
    id: 'anthropic',
    wire: anthropicMessages,
    account: settings.account,
    countsTokens: true,
    async request(given: Work): Promise<UpstreamRequest> {
      if (apiKey === null) {
        throw new GatewayError(
          'api_error',
          'provider anthropic has no key: set ANTHROPIC_API_KEY',
          {
            status: 502,
          },
        );
      }
      const { work, warnings } = withoutForeignThinking(given);
      const { body, dispatch } = work;
      const { facts, fields, headers, query } = dispatch;
      const resolved = resolveModel(facts.requestModel, 'anthropic', modelMapping);
      const { upstreamModel } = resolved;
      const set = modelEdits(work, { resolved, providerId: 'anthropic' });
      const hasVersion = headers.some(([name]) => name === 'anthropic-version');
      const own: HeaderPair[] = [['x-api-key', apiKey], ...(hasVersion ? [] : [DEFAULT_VERSION])];
      return {
        origin: settings.baseUrl,
        path: `${PATHS[facts.operation]}${query === '' ? '' : `?${query}`}`,
        headers: forwardedHeaders(headers, own),
        body: spliceBody(body, fieldSplices(body, fields, { set })),
        upstreamModel,
        ...passedThrough(warnings),
      };
    },
  };
}
