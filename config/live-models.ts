import { z } from 'zod';
import type { ProviderId } from '../schemas/provider.ts';
import { capabilitiesSchema } from './catalog.ts';

const liveModelSchema = z.object({
  /** The name to ask this provider for. */
  id: z.string().min(1),
  displayName: z.string().nullable(),
  /** RFC 3339. */
  createdAt: z.string().nullable(),
  contextWindowTokens: z.number().nullable(),
  maxOutputTokens: z.number().nullable(),
  capabilities: capabilitiesSchema.nullable(),
});

/** A model as its provider's own list has it. Plain JSON; null = the list does not tell. */
export type LiveModel = Readonly<z.infer<typeof liveModelSchema>>;

/** Reads a list's entry as a worker published it; null when it is none. */
export function parseLiveModel(entry: unknown): LiveModel | null {
  return liveModelSchema.safeParse(entry).data ?? null;
}

/** The lists of the providers that have one, as last read. */
export interface LiveModels {
  /** Empty = the provider has no list, or nobody read it yet. */
  list(provider: ProviderId): readonly LiveModel[];
}

/** No lists: what there is comes from the catalog. */
export const NO_LIVE_MODELS: LiveModels = { list: () => [] };
