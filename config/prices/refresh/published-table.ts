import { createHash } from 'node:crypto';
import { calcPrice, findProvider } from '@pydantic/genai-prices';
import type { ListTable } from '../list-table.ts';
import { asProvider, type PublishedProvider } from './published-list.ts';

/**
 * Makes a table of a checked list. Whose an address or a model's name is stays as the package knows it; its own way of
 * taking another list in would change the prices of everybody in the process, also of those who must not see it change.
 */
export function publishedTable(list: readonly PublishedProvider[]): ListTable {
  const providers = new Map(list.map((each) => [each.id, asProvider(each.id, each.models)]));
  const others = new Map(list.map((each) => [each.id, each.fallback_model_providers ?? []]));
  const digest = createHash('sha256').update(JSON.stringify(list)).digest('hex').slice(0, 16);
  return {
    version: `genai-prices ${digest}`,
    find(model, { atMs, ...place }) {
      const whose = findProvider({ modelId: model.toLowerCase().trim(), ...place })?.id;
      if (whose === undefined) return null;
      for (const id of [whose, ...(others.get(whose) ?? [])]) {
        const provider = providers.get(id);
        if (provider === undefined) continue;
        const timestamp = new Date(atMs);
        const found = calcPrice({ input_tokens: 0 }, model, { provider, timestamp });
        if (found !== null) return found;
      }
      return null;
    },
    modelsOf: (providerId) => providers.get(providerId)?.models ?? [],
  };
}
