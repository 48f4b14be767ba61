import { type KV, Kvm } from '@nats-io/kv';
import { LIMITS } from '../config/limits.ts';
import type { ProviderId } from '../schemas/provider.ts';
import { KV_BUCKETS } from '../schemas/subjects.ts';
import type { Bus } from './connect.ts';
import type { Log } from './log.ts';

/** Writes a provider's list of models for every ingress. A failure is logged; lists are renewed anyway. */
export async function publishModelList(
  bus: Bus,
  list: { readonly provider: ProviderId; readonly models: readonly object[] },
  { log }: { log: Log },
): Promise<void> {
  const { provider, models } = list;
  try {
    const kv = await openBucket(bus);
    await kv.put(provider, fitted(models));
  } catch (error) {
    log.warn({ error, provider }, 'a list of models could not be published');
  }
}

/** The lists that workers published, as last read. Disposing it stops the reading. */
export interface ModelLists extends AsyncDisposable {
  /** Empty = nobody published one. The entries are as they were written. */
  entries(provider: ProviderId): readonly unknown[];
}

/** Reads the lists of these providers, now and every `modelListsReadMs`. */
export function startModelLists(
  bus: Bus,
  options: { readonly providers: readonly ProviderId[]; readonly log: Log },
): ModelLists {
  const lists = new Map<ProviderId, readonly unknown[]>();
  let kv: KV | null = null;
  const read = async (): Promise<void> => {
    if (!bus.isConnected) return;
    kv ??= await openBucket(bus);
    for (const provider of options.providers) {
      const entry = await kv.get(provider);
      if (entry === null || entry.length === 0) continue;
      const json: unknown = entry.json();
      if (Array.isArray(json)) lists.set(provider, json);
    }
  };
  const tick = (): void => {
    read().catch((error: unknown) =>
      options.log.debug({ error }, 'lists of models could not be read'),
    );
  };
  tick();
  const timer = setInterval(tick, LIMITS.modelListsReadMs);
  timer.unref();
  return {
    entries: (provider) => lists.get(provider) ?? [],
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
    },
  };
}

function openBucket(bus: Bus): Promise<KV> {
  return new Kvm(bus.connection).create(KV_BUCKETS.models, {
    history: 1,
    max_bytes: LIMITS.modelListsBytesMax,
  });
}

// One message holds it, whatever the server's max_payload: the first models matter most.
function fitted(models: readonly object[]): string {
  let kept = models;
  let json = JSON.stringify(kept);
  while (Buffer.byteLength(json) > LIMITS.modelListBytesMax) {
    kept = kept.slice(0, Math.floor(kept.length / 2));
    json = JSON.stringify(kept);
  }
  return json;
}
