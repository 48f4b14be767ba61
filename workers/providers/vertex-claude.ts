import type { ProviderSettings } from '../../config/config.ts';
import type { HeaderPair } from '../../schemas/envelope.ts';
import { createGoogleCredentials, type GoogleCredentials } from '../google-auth.ts';
import type { Provider, Work } from '../provider.ts';
import { chosenHeaders } from '../request-headers.ts';
import { anthropicMessages } from '../wire/anthropic-messages.ts';
import { createVertexBetas } from './vertex-claude-betas.ts';
import { refuseFields, vertexBody, vertexModel } from './vertex-claude-body.ts';
import { vertexPath } from './vertex-url.ts';

/** Claude on Vertex AI: Anthropic's wire under Google's addresses, credentials and list of what it knows. */
export function createVertexClaude(
  settings: ProviderSettings,
  credentials: GoogleCredentials = createGoogleCredentials({ accessToken: settings.apiKey }),
): Provider {
  const project = settings.projectId ?? '';
  const region = settings.region ?? 'global';
  const betas = createVertexBetas();
  return {
    id: 'vertex-claude',
    wire: anthropicMessages,
    account: project,
    async request({ dispatch, body }, signal) {
      const { facts, headers } = dispatch;
      refuseFields(dispatch.fields.map(({ name }) => name));
      const upstreamModel = vertexModel(facts.requestModel);
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
        body: vertexBody({ dispatch, body }, upstreamModel),
        upstreamModel,
      };
    },
    renewCredential: () => credentials.renew(),
    learn: ({ upstreamModel }, status, body) => betas.learn(upstreamModel, status, body),
  };
}

function callOf({ operation, isStream }: Work['dispatch']['facts'], model: string): string {
  if (operation === 'count_tokens') return 'count-tokens:rawPredict';
  return `${model}:${isStream ? 'streamRawPredict' : 'rawPredict'}`;
}
