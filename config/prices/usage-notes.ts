import { type Picodollars, parseUsd } from '../../schemas/money.ts';
import type { BuiltInProviderId } from '../../schemas/provider.ts';
import type { Usage } from '../../schemas/usage.ts';
import type { PriceMode } from './model-prices.ts';

/** A provider's usage object, as it came. */
export type RawUsage = Readonly<Record<string, unknown>>;

/** The part of a usage object that was another call's, and whose. `model` null = the request's own. */
export interface Iteration {
  readonly model: string | null;
  readonly tokens: TokenCounts;
}

/** Tokens by price. */
export type TokenCounts = Pick<
  Usage,
  | 'inputTokens'
  | 'cacheReadInputTokens'
  | 'cacheCreation5mInputTokens'
  | 'cacheCreation1hInputTokens'
  | 'outputTokens'
>;

/** Modes by what Anthropic (`service_tier`, `speed`), OpenAI (`service_tier`) and Vertex (`trafficType`) call them. */
const MODES: readonly (readonly [field: string, value: string, mode: PriceMode])[] = [
  ['service_tier', 'batch', 'batch'],
  ['service_tier', 'priority', 'priority'],
  ['service_tier', 'flex', 'flex'],
  ['trafficType', 'ON_DEMAND_PRIORITY', 'priority'],
  ['trafficType', 'ON_DEMAND_FLEX', 'flex'],
  ['speed', 'fast', 'fast'],
];
/** Values of `inference_geo` that mean no place in particular. */
const ANYWHERE: readonly unknown[] = ['global', 'not_available', ''];

/** How a request was served. */
export function modesOf(raw: RawUsage | null): readonly PriceMode[] {
  if (raw === null) return [];
  return MODES.filter(([field, value]) => raw[field] === value).map(([, , mode]) => mode);
}

/** Where Anthropic served a request; null = it does not say, or anywhere. */
export function inferenceRegion(raw: RawUsage | null): string | null {
  const place = raw?.['inference_geo'];
  return typeof place === 'string' && !ANYWHERE.includes(place) ? place : null;
}

/**
 * What OpenRouter took for a request: credits are US dollars; with a key of one's own the upstream's bill comes on top.
 * Null = it does not say. Source: protocol reference §4.
 */
export function billedCost(adapter: BuiltInProviderId, raw: RawUsage | null): Picodollars | null {
  if (adapter !== 'openrouter' || raw === null) return null;
  const cost = usd(raw['cost']);
  if (cost === null || raw['is_byok'] !== true) return cost;
  const details = raw['cost_details'];
  return cost + (isRecord(details) ? (usd(details['upstream_inference_cost']) ?? 0n) : 0n);
}

/**
 * The calls that Anthropic made for one request: compactions, advisors and fallbacks are missing in the top counts and
 * have models of their own. Empty = one call only, or a list that cannot be read. Source: protocol reference §1.8.
 */
export function iterationsOf(raw: RawUsage | null): readonly Iteration[] {
  const list = raw?.['iterations'];
  if (!Array.isArray(list)) return [];
  const iterations = list.map(iterationOf).filter((each) => each !== null);
  return iterations.length === list.length ? iterations : [];
}

function iterationOf(entry: unknown): Iteration | null {
  if (!isRecord(entry)) return null;
  const split = isRecord(entry['cache_creation']) ? entry['cache_creation'] : {};
  const fiveMinutes = count(split['ephemeral_5m_input_tokens']);
  const bySplit = fiveMinutes + count(split['ephemeral_1h_input_tokens']);
  const total = entry['cache_creation_input_tokens'];
  const written = typeof total === 'number' ? count(total) : bySplit;
  const oneHour = Math.min(bySplit - fiveMinutes, written);
  return {
    model: typeof entry['model'] === 'string' ? entry['model'] : null,
    tokens: {
      inputTokens: count(entry['input_tokens']),
      cacheReadInputTokens: count(entry['cache_read_input_tokens']),
      cacheCreation5mInputTokens: written - oneHour,
      cacheCreation1hInputTokens: oneHour,
      outputTokens: count(entry['output_tokens']),
    },
  };
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

// The shortest spelling of a number is the one that came: no digits of the float behind it.
function usd(value: unknown): Picodollars | null {
  const isNumber = typeof value === 'number' && Number.isFinite(value);
  if (!isNumber && typeof value !== 'string') return null;
  try {
    const picodollars = parseUsd(String(value));
    return picodollars < 0n ? null : picodollars;
  } catch {
    return null; // A text that is no decimal says nothing about the cost.
  }
}

function isRecord(value: unknown): value is RawUsage {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
