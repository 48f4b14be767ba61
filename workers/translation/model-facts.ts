import type { CatalogModel } from '../../config/catalog.ts';
import type { ModelFacts } from './encode.ts';

/** What is assumed of a model that the catalog does not know: that it can do what is asked, and how is not known. */
const UNKNOWN_MODEL: ModelFacts = {
  maxOutputTokens: null,
  contextWindowTokens: null,
  hasImages: true,
  hasPdf: false,
  hasTools: true,
  hasStructuredOutput: true,
  hasPrefill: false,
  thinking: 'none',
  effortLevels: [],
};

/** What an encoder must know of a model. Pure. */
export function modelFacts(model: CatalogModel | null): ModelFacts {
  if (model === null) return UNKNOWN_MODEL;
  const { capabilities } = model;
  return {
    maxOutputTokens: model.maxOutputTokens ?? null,
    contextWindowTokens: model.contextWindowTokens ?? null,
    hasImages: capabilities?.images ?? UNKNOWN_MODEL.hasImages,
    hasPdf: capabilities?.pdf ?? UNKNOWN_MODEL.hasPdf,
    hasTools: capabilities?.tools ?? UNKNOWN_MODEL.hasTools,
    hasStructuredOutput: capabilities?.structuredOutput ?? UNKNOWN_MODEL.hasStructuredOutput,
    hasPrefill: capabilities?.prefill ?? UNKNOWN_MODEL.hasPrefill,
    thinking: capabilities?.thinking ?? UNKNOWN_MODEL.thinking,
    effortLevels: capabilities?.effortLevels ?? UNKNOWN_MODEL.effortLevels,
  };
}
