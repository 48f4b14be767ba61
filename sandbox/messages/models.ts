import { ApiFailure, invalidRequest } from '../api-failure.ts';
import { modelNotFound } from './check-body.ts';
import { modelFacts } from './model-facts.ts';

const PAGE_SIZE = 20;
const PAGE_SIZE_MAX = 1_000;

/** Models that the sandbox lists: id, name, release. Source: protocol reference §0, §1.14. */
const MODELS = [
  ['claude-fable-5-2', 'Claude Fable 5.2', '2026-10-21'],
  ['claude-opus-5-5', 'Claude Opus 5.5', '2026-10-21'],
  ['claude-sonnet-5-5', 'Claude Sonnet 5.5', '2026-10-21'],
  ['claude-haiku-5-5', 'Claude Haiku 5.5', '2026-10-21'],
  ['claude-opus-5', 'Claude Opus 5', '2026-07-15'],
  ['claude-sonnet-5', 'Claude Sonnet 5', '2026-06-01'],
  ['claude-opus-4-8', 'Claude Opus 4.8', '2026-04-20'],
  ['claude-sonnet-4-6', 'Claude Sonnet 4.6', '2026-02-17'],
  ['claude-opus-4-5-20251101', 'Claude Opus 4.5', '2025-11-24'],
  ['claude-haiku-4-5-20251001', 'Claude Haiku 4.5', '2025-10-15'],
  ['claude-sonnet-4-5-20250929', 'Claude Sonnet 4.5', '2025-09-29'],
] as const;

/** A page of the models, as `GET /v1/models` answers. Throws ApiFailure. */
export function listModels(query: URLSearchParams): string {
  const limit = Number(query.get('limit') ?? PAGE_SIZE);
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_SIZE_MAX) {
    throw invalidRequest(`limit: Input should be between 1 and ${PAGE_SIZE_MAX}`);
  }
  const after = query.get('after_id');
  const before = query.get('before_id');
  const from = after === null ? 0 : indexOf(after) + 1;
  const to = before === null ? MODELS.length : indexOf(before);
  const isBackwards = before !== null && after === null;
  const start = isBackwards ? Math.max(0, to - limit) : from;
  const page = MODELS.slice(start, Math.min(to, start + limit));
  return JSON.stringify({
    data: page.map(toModel),
    has_more: isBackwards ? start > 0 : start + page.length < to,
    first_id: page[0]?.[0] ?? null,
    last_id: page.at(-1)?.[0] ?? null,
  });
}

/** One model, as `GET /v1/models/{id}` answers. Throws ApiFailure. */
export function retrieveModel(id: string): string {
  const model = MODELS.find(([known]) => known === id);
  if (model === undefined) throw modelNotFound(id);
  return JSON.stringify(toModel(model));
}

function indexOf(id: string): number {
  const index = MODELS.findIndex(([known]) => known === id);
  if (index === -1) throw new ApiFailure({ status: 400, message: `Invalid model id: ${id}` });
  return index;
}

function toModel([id, name, released]: (typeof MODELS)[number]): unknown {
  const facts = modelFacts(id);
  return {
    type: 'model',
    id,
    display_name: name,
    created_at: `${released}T00:00:00Z`,
    max_input_tokens: facts.contextTokens,
    max_tokens: facts.maxOutputTokens,
    lifecycle: id.startsWith('claude-sonnet-4-5') ? 'deprecated' : 'active',
    line: id.split('-')[1],
    deprecated_at: null,
    retires_at: null,
  };
}
