import { resolveModel } from '../../config/model-mapping.ts';
import type { HeaderPair } from '../../schemas/envelope.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import type { UpstreamRequest, Work } from '../provider.ts';
import type { ProviderContext } from '../registry.ts';
import { chosenHeaders } from '../request-headers.ts';
import { modelFacts } from '../translation/model-facts.ts';
import { readWork, translationOf } from '../translation/translate.ts';
import { encodeOpenaiRequest } from '../wire/openai-chat/encode-request.ts';
import type { OpenaiFlavour } from '../wire/openai-chat/flavour.ts';

/** Where a chat completion is asked for, and in which flavour. */
export interface OpenaiChatTarget {
  readonly providerId: ProviderId;
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  /** Credentials and whatever else the server wants. */
  readonly headers: readonly HeaderPair[];
  readonly flavour: OpenaiFlavour;
}

/** Translates an attempt into a chat completion. Throws GatewayError for what the wire cannot carry. */
export async function openaiChatRequest(
  work: Work,
  target: OpenaiChatTarget,
  { toolStates, modelMapping }: ProviderContext,
): Promise<UpstreamRequest> {
  const { dispatch } = work;
  const { providerId, origin, path, flavour } = target;
  const { upstreamModel, model } = resolveModel(
    dispatch.facts.requestModel,
    providerId,
    modelMapping,
  );
  const read = await readWork(
    work,
    { providerId, upstreamModel, model: modelFacts(model) },
    toolStates,
  );
  const encoded = encodeOpenaiRequest(read.request, { ...read.context, flavour });
  return {
    origin,
    path,
    headers: chosenHeaders(dispatch.headers, [], target.headers),
    body: [Buffer.from(encoded.body)],
    upstreamModel,
    translation: translationOf(read, encoded),
  };
}
