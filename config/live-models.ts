import type { ProviderId } from '../schemas/provider.ts';
import type { ModelCapabilities } from './catalog.ts';

/** A model as its provider's own list has it. Plain JSON; null = the list does not tell. */
export interface LiveModel {
  /** The name to ask this provider for. */
  readonly id: string;
  readonly displayName: string | null;
  /** RFC 3339. */
  readonly createdAt: string | null;
  readonly contextWindowTokens: number | null;
  readonly maxOutputTokens: number | null;
  readonly capabilities: ModelCapabilities | null;
}

/** The lists of the providers that have one, as last read. */
export interface LiveModels {
  /** Empty = the provider has no list, or nobody read it yet. */
  list(provider: ProviderId): readonly LiveModel[];
}

/** No lists: what there is comes from the catalog. */
export const NO_LIVE_MODELS: LiveModels = { list: () => [] };
