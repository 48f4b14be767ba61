import type { ProviderSettings } from '../../config/config.ts';
import { resolveModel } from '../../config/model-mapping.ts';
import type { HeaderPair } from '../../schemas/envelope.ts';
import { type Provider, passedThrough, type Work } from '../provider.ts';
import type { ProviderContext } from '../registry.ts';
import { chosenHeaders } from '../request-headers.ts';
import { withoutForeignThinking } from '../wire/anthropic-messages/foreign-thinking.ts';
import { anthropicMessages } from '../wire/anthropic-messages.ts';
import { createVertexBetas } from './vertex-claude-betas.ts';
import { refuseFields, vertexBody } from './vertex-claude-body.ts';
import { googleCredentialsOf } from './vertex-credentials.ts';
import { vertexPath } from './vertex-url.ts';

/** Claude on Vertex AI: Anthropic's wire under Google's addresses, credentials and list of what it knows. */
export function createVertexClaude(settings: ProviderSettings, context: ProviderContext): Provider {
  const credentials = context.google ?? googleCredentialsOf(settings);
  const project = settings.projectId ?? '';
  const region = settings.region ?? 'global';
  const betas = createVertexBetas();
  return {
    id: 'vertex-claude',
    wire: anthropicMessages,
    account: settings.account,
    countsTokens: true,
    async request(given, signal) {
      const { work, warnings } = withoutForeignThinking(given);
      const { dispatch } = work;
      const { facts, headers } = dispatch;
      refuseFields(dispatch.fields.map(({ name }) => name));
      const { requestModel } = facts;
      const resolved = resolveModel(requestModel, 'vertex-claude', context.modelMapping);
      const { upstreamModel } = resolved;
      const beta = betas.headerFor(upstreamModel, headers, facts.operation);
      const { token, quotaProject } = await credentials.current(signal);
      const own: HeaderPair[] = [['authorization', `Bearer ${token}`]];
      if (quotaProject !== null) own.push(['x-goog-user-project', quotaProject]);
      if (beta !== '') own.push(['anthropic-beta', beta]);
      return {
        origin: settings.baseUrl,
        path: vertexPath({
          project,
          region,
          publisher: 'anthropic',
          call: callOf(facts, upstreamModel),
        }),
        headers: chosenHeaders(headers, ['accept', 'user-agent'], own),
        body: vertexBody(work, resolved),
        upstreamModel,
        ...passedThrough(warnings),
      };
    },
    renewCredential: () => credentials.renew(),
    learn: ({ upstreamModel }, { status, body }) => betas.learn(upstreamModel, status, body),
  };
}

function callOf({ operation, isStream }: Work['dispatch']['facts'], model: string): string {
  if (operation === 'count_tokens') return 'count-tokens:rawPredict';
  return `${model}:${isStream ? 'streamRawPredict' : 'rawPredict'}`;
}
