import { MODEL_LIFECYCLES, type ModelLifecycle } from '../config/catalog.ts';
import { LIMITS } from '../config/limits.ts';
import { GatewayError } from '../schemas/error.ts';

const LIMIT_DEFAULT = 20;
// The API's own word for a release date that nobody knows.
const EPOCH = '1970-01-01T00:00:00Z';

/** A model that may be asked for. Token counts are maxima, times are RFC 3339; null = unknown. */
export interface ListedModel {
  readonly id: string;
  readonly displayName: string;
  /** Every name it is found by, `id` among them. */
  readonly names: ReadonlySet<string>;
  /** A line of Claude's; null for models of others. */
  readonly line: string | null;
  readonly createdAt: string | null;
  readonly contextWindowTokens: number | null;
  readonly maxOutputTokens: number | null;
  readonly lifecycle: ModelLifecycle;
  readonly deprecatedAt: string | null;
  readonly retiresAt: string | null;
}

/** A model in the shape of Anthropic's Models API. Null = unknown. */
export interface ModelInfo {
  readonly type: 'model';
  readonly id: string;
  readonly display_name: string;
  readonly created_at: string;
  readonly max_input_tokens: number | null;
  readonly max_tokens: number | null;
  readonly capabilities: null;
  readonly lifecycle: ModelLifecycle;
  readonly line: string | null;
  readonly deprecated_at: string | null;
  readonly retires_at: string | null;
}

/** A page of models, in the shape of Anthropic's Models API. */
export interface ModelPage {
  readonly data: readonly ModelInfo[];
  readonly has_more: boolean;
  readonly first_id: string | null;
  readonly last_id: string | null;
}

/**
 * Lists the models as `GET /v1/models` does: `limit` 1 to 1000 (20), `before_id`, `after_id`, `lifecycle[]`.
 *
 * Retired models come only when asked for. Throws GatewayError 400 that names the parameter.
 */
export function modelPage(all: readonly ListedModel[], query: URLSearchParams): ModelPage {
  const limit = limitOf(query);
  const lifecycles = lifecyclesOf(query);
  const models = all.filter((model) => lifecycles.includes(model.lifecycle));
  const [start, end] = pageRange(models, limit, query);
  const page = models.slice(start, end).map(modelInfo);
  return {
    data: page,
    has_more: query.has('before_id') ? start > 0 : end < models.length,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  };
}

/** Puts a model in the shape of Anthropic's Models API. */
export function modelInfo(model: ListedModel): ModelInfo {
  return {
    type: 'model',
    id: model.id,
    display_name: model.displayName,
    created_at: model.createdAt ?? EPOCH,
    max_input_tokens: model.contextWindowTokens,
    max_tokens: model.maxOutputTokens,
    capabilities: null,
    lifecycle: model.lifecycle,
    line: model.line,
    deprecated_at: model.deprecatedAt,
    retires_at: model.retiresAt,
  };
}

function limitOf(query: URLSearchParams): number {
  const text = query.get('limit');
  if (text === null) return LIMIT_DEFAULT;
  if (!/^[+-]?\d{1,15}$/.test(text)) throw invalid('limit: Input should be a valid integer');
  const limit = Number(text);
  if (limit < 1) throw invalid('limit: Input should be greater than or equal to 1');
  if (limit > LIMITS.modelsPageMax) {
    throw invalid(`limit: Input should be less than or equal to ${LIMITS.modelsPageMax}`);
  }
  return limit;
}

function lifecyclesOf(query: URLSearchParams): readonly string[] {
  const asked = [...query.getAll('lifecycle[]'), ...query.getAll('lifecycle')];
  const known: readonly string[] = MODEL_LIFECYCLES;
  if (asked.some((lifecycle) => !known.includes(lifecycle))) {
    throw invalid("lifecycle: Input should be 'active', 'deprecated' or 'retired'");
  }
  return asked.length === 0 ? ['active', 'deprecated'] : asked;
}

function pageRange(
  models: readonly ListedModel[],
  limit: number,
  query: URLSearchParams,
): readonly [start: number, end: number] {
  const [afterId, beforeId] = [query.get('after_id'), query.get('before_id')];
  if (afterId !== null && beforeId !== null) {
    throw invalid('after_id: Input should not be given together with before_id');
  }
  if (beforeId !== null) {
    const end = indexOf(models, 'before_id', beforeId);
    return [Math.max(0, end - limit), end];
  }
  const start = afterId === null ? 0 : indexOf(models, 'after_id', afterId) + 1;
  return [start, Math.min(models.length, start + limit)];
}

function indexOf(models: readonly ListedModel[], parameter: string, id: string): number {
  const exact = models.findIndex((model) => model.id === id);
  const index = exact === -1 ? models.findIndex((model) => model.names.has(id)) : exact;
  if (index === -1) throw invalid(`${parameter}: Input should be the id of a model in the list`);
  return index;
}

function invalid(message: string): GatewayError {
  return new GatewayError('invalid_request_error', message);
}
