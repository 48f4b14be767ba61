import type { HeaderPair } from '../../../schemas/envelope.ts';
import type { ProviderId } from '../../../schemas/provider.ts';
import { anthropicMessages } from '../../../workers/wire/anthropic-messages.ts';
import { plainPrompt } from './prompt.ts';

/** Decodes an error answer as Vertex AI's, or another provider's. */
export function decode(
  status: number,
  body: string | object,
  options: { provider?: ProviderId; headers?: HeaderPair[] } = {},
) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return anthropicMessages.decodeError(status, options.headers ?? [], Buffer.from(text), {
    providerId: options.provider ?? 'vertex-claude',
    requestId: 'req_test',
    requestModel: 'claude-opus-5-5',
    inputTokensEstimate: 300_000,
    expectedPrompt: plainPrompt(300_000),
    upstreamModel: 'claude-opus-5-5',
    thinkingDisplay: 'shown',
    toolNames: new Map(),
    remember: () => {},
  });
}
