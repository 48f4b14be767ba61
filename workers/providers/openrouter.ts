import type { ProviderSettings } from '../../config/config.ts';
import { LIMITS } from '../../config/limits.ts';
import { type ResolvedModel, resolveModel } from '../../config/model-mapping.ts';
import type { HeaderPair } from '../../schemas/envelope.ts';
import { GatewayError } from '../../schemas/error.ts';
import { fieldSplices, spliceBody } from '../edit-body.ts';
import { type Provider, passedThrough, type UpstreamRequest, type Work } from '../provider.ts';
import type { ProviderContext } from '../registry.ts';
import { chosenHeaders } from '../request-headers.ts';
import { withoutForeignThinking } from '../wire/anthropic-messages/foreign-thinking.ts';
import { modelEdits } from '../wire/anthropic-messages/model-edits.ts';
import { anthropicMessages } from '../wire/anthropic-messages.ts';
import { OPENROUTER_FLAVOUR } from '../wire/openai-chat/flavour.ts';
import { openaiChat } from '../wire/openai-chat.ts';
import { openaiChatRequest } from './openai-chat-request.ts';

/** What OpenRouter needs of the client's headers; the rest tells a third party about the user. */
const HEADER_NAMES = ['accept', 'anthropic-beta', 'anthropic-version', 'user-agent'];
const MESSAGES_PATH = '/api/v1/messages';
const CHAT_PATH = '/api/v1/chat/completions';
/** The Messages endpoint's words for a model that only chat completions have. */
const NOT_SERVED = new Set([404, 405, 501]);

/**
 * OpenRouter: Claude through its Anthropic-compatible endpoint, where only the model's name is respelled; every other
 * model through chat completions, where the reasoning of its maker can be told from Claude's and given back.
 */
export function createOpenrouter(settings: ProviderSettings, context: ProviderContext): Provider {
  const { apiKey, baseUrl: origin } = settings;
  const chatOnly = new Set<string>();
  return {
    id: 'openrouter',
    wire: anthropicMessages,
    account: settings.account,
    async request(work: Work): Promise<UpstreamRequest> {
      if (apiKey === null) {
        throw new GatewayError(
          'api_error',
          'provider openrouter has no key: set OPENROUTER_API_KEY',
          { status: 502 },
        );
      }
      const own: HeaderPair[] = [['authorization', `Bearer ${apiKey}`]];
      const { requestModel } = work.dispatch.facts;
      const resolved = resolveModel(requestModel, 'openrouter', context.modelMapping);
      const { upstreamModel } = resolved;
      if (isClaude(upstreamModel) && !chatOnly.has(upstreamModel)) {
        return messagesRequest(work, { origin, own, resolved });
      }
      const target = {
        providerId: 'openrouter',
        origin,
        path: CHAT_PATH,
        headers: own,
        flavour: OPENROUTER_FLAVOUR,
      } as const;
      return { ...(await openaiChatRequest(work, target, context)), wire: openaiChat };
    },
    learn({ path, upstreamModel }, { status }) {
      const canLearn = chatOnly.size < LIMITS.learnedModelsMax;
      if (path !== MESSAGES_PATH || !NOT_SERVED.has(status) || !canLearn) return false;
      chatOnly.add(upstreamModel);
      return true;
    },
  };
}

function isClaude(upstreamModel: string): boolean {
  return upstreamModel.startsWith('anthropic/');
}

function messagesRequest(
  given: Work,
  target: { origin: string; own: readonly HeaderPair[]; resolved: ResolvedModel },
): UpstreamRequest {
  const { work, warnings } = withoutForeignThinking(given);
  const { dispatch, body } = work;
  const { fields, headers } = dispatch;
  const { origin, own, resolved } = target;
  const set = modelEdits(work, { resolved, providerId: 'openrouter' });
  return {
    origin,
    path: MESSAGES_PATH,
    headers: chosenHeaders(headers, HEADER_NAMES, own),
    body: spliceBody(body, fieldSplices(body, fields, { set })),
    upstreamModel: resolved.upstreamModel,
    ...passedThrough(warnings),
  };
}
