import { loadCatalog } from '../config/catalog.ts';
import { bareName } from '../config/claude-names.ts';
import { type LiveModels, NO_LIVE_MODELS } from '../config/live-models.ts';
import { GatewayError } from '../schemas/error.ts';
import { sendJson } from './answer.ts';
import {
  type ListedModel,
  type ModelInfo,
  type ModelPage,
  modelInfo,
  modelPage,
} from './model-list.ts';
import { reachableModels } from './reachable-models.ts';
import type { Call } from './routes.ts';

const MODELS_PATH = '/v1/models';
const ID_CHARACTERS_SHOWN_MAX = 200;

const catalog = loadCatalog();

/** A call whose context may know the providers' own lists. */
export type ModelsCall = Call & {
  readonly context: { readonly liveModels?: LiveModels };
};

/**
 * `GET /v1/models` and `GET /v1/models/{id}`: what the providers serve, in Anthropic's shape; on a pinned port what
 * that provider serves.
 */
export function getModels({ context, request, reply, requestId, pinned }: ModelsCall): void {
  const { chain, modelMapping } = context.config;
  const models = reachableModels({
    catalog,
    providers: chain.filter((provider) => pinned === null || provider === pinned),
    mapping: modelMapping,
    live: context.liveModels ?? NO_LIVE_MODELS,
  });
  sendJson(reply, 200, { requestId, value: modelsAnswer(models, request) });
}

/**
 * Makes the answer for a path and query: a page of models, or one model. Pure.
 *
 * An id may hold slashes, escaped or not. Throws GatewayError 400 for a bad parameter, 404 for an unknown id.
 */
export function modelsAnswer(
  models: readonly ListedModel[],
  request: { readonly path: string; readonly query: string },
): ModelPage | ModelInfo {
  const path = request.path.replace(/\/$/, '');
  if (path === MODELS_PATH) return modelPage(models, new URLSearchParams(request.query));
  return modelInfo(modelOf(models, path.slice(MODELS_PATH.length + 1)));
}

function modelOf(models: readonly ListedModel[], escapedId: string): ListedModel {
  const id = unescapedOrAsIs(escapedId);
  const model =
    models.find((each) => each.id === id) ??
    models.find((each) => each.names.has(id) || each.names.has(bareName(id)));
  if (model !== undefined) return model;
  const shown = id.slice(0, ID_CHARACTERS_SHOWN_MAX).replace(/[^\x20-\x7e]/gu, '?');
  throw new GatewayError('not_found_error', `model: ${shown}`);
}

function unescapedOrAsIs(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
