import { isJsonObject, type JsonObject } from '../../json.ts';
import type { Encoding } from './encoding.ts';

/** The `cache_control` of a block as a field to spread, without what only Anthropic knows (`scope`); else nothing. */
export function cacheControl(
  block: JsonObject,
  { keepsCacheControl }: Encoding,
): { readonly cache_control?: JsonObject } {
  const { cache_control: hint } = block;
  if (!keepsCacheControl || !isJsonObject(hint)) return {};
  const { ttl } = hint;
  return {
    cache_control: { type: 'ephemeral', ...(typeof ttl === 'string' ? { ttl } : {}) },
  };
}
