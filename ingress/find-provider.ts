import type { ProviderSettings, ProviderTable } from '../config/config.ts';
import { namedProviderId, PROVIDER_SHORT_NAMES } from '../schemas/provider.ts';

/** Finds a provider by its id, its short name, or a named server's own name; null = there is none. Pure. */
export function findProvider(providers: ProviderTable, name: string): ProviderSettings | null {
  const shortFor = Object.hasOwn(PROVIDER_SHORT_NAMES, name) ? PROVIDER_SHORT_NAMES[name] : null;
  const ids: readonly string[] = [shortFor ?? name, namedProviderId(name)];
  return Object.values(providers).find(({ id }) => ids.includes(id)) ?? null;
}
