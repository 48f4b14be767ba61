import { type Catalog, type CatalogModel, findModel, loadCatalog } from '../config/catalog.ts';
import { GatewayError } from '../schemas/error.ts';
import { sendJson } from './answer.ts';
import { type ModelInfo, type ModelPage, modelInfo, modelPage } from './model-list.ts';
import type { Call } from './routes.ts';

const MODELS_PATH = '/v1/models';
const ID_CHARACTERS_SHOWN_MAX = 200;

const catalog = loadCatalog();

/** `GET /v1/models` and `GET /v1/models/{id}`: the catalog in Anthropic's shape. */
export function getModels({ request, reply, requestId }: Call): void {
  sendJson(reply, 200, { requestId, value: modelsAnswer(catalog, request) });
}

/**
 * Makes the answer for a path and query: a page of models, or one model. Pure.
 *
 * An id may hold slashes, escaped or not. Throws GatewayError 400 for a bad parameter, 404 for an unknown id.
 */
export function modelsAnswer(
  models: Catalog,
  request: { readonly path: string; readonly query: string },
): ModelPage | ModelInfo {
  const path = request.path.replace(/\/$/, '');
  if (path === MODELS_PATH) return modelPage(models, new URLSearchParams(request.query));
  return modelInfo(modelOf(models, path.slice(MODELS_PATH.length + 1)));
}

function modelOf(models: Catalog, escapedId: string): CatalogModel {
  const id = unescapedOrAsIs(escapedId);
  const model = findModel(models, id);
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
