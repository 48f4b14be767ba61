import type { ProviderSettings } from '../../config/config.ts';
import { type CompatibleServer, PLAIN_SERVER } from '../../config/load-servers.ts';
import { resolveModel } from '../../config/model-mapping.ts';
import type { HeaderPair } from '../../schemas/envelope.ts';
import { fieldSplices, spliceBody } from '../edit-body.ts';
import { type Provider, passedThrough, type UpstreamRequest, type Work } from '../provider.ts';
import type { ProviderContext } from '../registry.ts';
import { chosenHeaders } from '../request-headers.ts';
import { withoutForeignThinking } from '../wire/anthropic-messages/foreign-thinking.ts';
import { modelEdits } from '../wire/anthropic-messages/model-edits.ts';
import { anthropicMessages } from '../wire/anthropic-messages.ts';
import { DEFAULT_FLAVOUR, type OpenaiFlavour } from '../wire/openai-chat/flavour.ts';
import { openaiChat } from '../wire/openai-chat.ts';
import { openaiChatRequest } from './openai-chat-request.ts';

/** Any OpenAI-compatible server: one per name in OPENAI_COMPATIBLE_FILE, and the one of OPENAI_COMPATIBLE_BASE_URL. */
export function createOpenaiCompatible(
  settings: ProviderSettings,
  context: ProviderContext,
): Provider {
  const { id, account, apiKey, server = PLAIN_SERVER } = settings;
  const { origin, pathname } = new URL(settings.baseUrl);
  const basePath = pathname.replace(/\/$/, '');
  const headers: HeaderPair[] = Object.entries(server.headers).map(
    ([name, value]) => [name.toLowerCase(), value] as const,
  );
  if (apiKey !== null) headers.push(['authorization', `Bearer ${apiKey}`]);
  if (server.wire === 'anthropic-messages') {
    return {
      id,
      wire: anthropicMessages,
      account,
      request: async (work) =>
        messagesRequest(work, { origin, path: `${basePath}/messages`, headers, id, context }),
    };
  }
  const flavour = withQuirks(server);
  const path = `${basePath}/chat/completions`;
  return {
    id,
    wire: openaiChat,
    account,
    request: (work) =>
      openaiChatRequest(work, { providerId: id, origin, path, headers, flavour }, context),
  };
}

function withQuirks({ quirks }: CompatibleServer): OpenaiFlavour {
  const given = Object.entries(quirks).filter(([, value]) => value !== undefined);
  return { ...DEFAULT_FLAVOUR, ...(Object.fromEntries(given) as Partial<OpenaiFlavour>) }; // same names
}

// The server speaks the client's wire: only the model and reasoning that others made are touched.
function messagesRequest(
  given: Work,
  target: {
    origin: string;
    path: string;
    headers: readonly HeaderPair[];
    id: Provider['id'];
    context: ProviderContext;
  },
): UpstreamRequest {
  const { work, warnings } = withoutForeignThinking(given);
  const { body, dispatch } = work;
  const { facts, fields, headers } = dispatch;
  const resolved = resolveModel(facts.requestModel, target.id, target.context.modelMapping);
  const { upstreamModel } = resolved;
  const set = modelEdits(work, { resolved, providerId: target.id });
  return {
    origin: target.origin,
    path: target.path,
    headers: chosenHeaders(
      headers,
      ['accept', 'anthropic-version', 'anthropic-beta'],
      target.headers,
    ),
    body: spliceBody(body, fieldSplices(body, fields, { set })),
    upstreamModel,
    ...passedThrough(warnings),
  };
}
