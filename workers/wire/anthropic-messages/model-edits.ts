import {
  clampMaxTokens,
  DEFAULT_MODEL_MAPPING,
  type ResolvedModel,
  resolveModel,
} from '../../../config/model-mapping.ts';
import type { ProviderId } from '../../../schemas/provider.ts';
import type { Work } from '../../provider.ts';

/**
 * New values of top-level fields, as JSON text, for a body that keeps Anthropic's wire: the model's spelling and, where
 * another model than the client meant will answer, no more output than that one can give. Pure.
 *
 * The model that the client meant keeps its own limits: the provider tells them in its own words.
 */
export function modelEdits(
  { dispatch }: Work,
  { resolved, providerId }: { readonly resolved: ResolvedModel; readonly providerId: ProviderId },
): Readonly<Record<string, string>> {
  const { requestModel, maxOutputTokens } = dispatch.facts;
  const { upstreamModel, model } = resolved;
  // The body names the client's model, the facts the router's.
  const isChosen = dispatch.model !== null;
  if (upstreamModel === requestModel && !isChosen) return {};
  const meant = resolveModel(requestModel, providerId, DEFAULT_MODEL_MAPPING).upstreamModel;
  const isAnother = isChosen || meant !== upstreamModel;
  const allowed = clampMaxTokens(maxOutputTokens, model);
  const mustClamp = isAnother && allowed < maxOutputTokens;
  return {
    model: JSON.stringify(upstreamModel),
    ...(mustClamp ? { max_tokens: String(allowed) } : {}),
  };
}
