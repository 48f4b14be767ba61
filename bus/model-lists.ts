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
export interface ModelLists<Model> extends AsyncDisposable {
  /** Empty = nobody published one. */
  list(provider: ProviderId): readonly Model[];
}

/** How lists are read. */
export interface ModelListOptions<Model> {
  readonly providers: readonly ProviderId[];
  readonly log: Log;
  /** Milliseconds between two reads; the limit is the default. */
  readonly readMs?: number;
  /** Reads one entry; null = it is none and is left out. */
  parse(entry: unknown): Model | null;
}

/** Reads the lists of these providers, now and every `modelListsReadMs`; each list once, until it is written again. */
export function startModelLists<Model>(
  bus: Bus,
  options: ModelListOptions<Model>,
): ModelLists<Model> {
  const lists = new Map<ProviderId, { revision: number; models: readonly Model[] }>();
  let kv: KV | null = null;
  const read = async (): Promise<void> => {
    if (!bus.isConnected) return;
    kv ??= await openBucket(bus);
    for (const provider of options.providers) {
      const entry = await kv.get(provider);
      if (entry === null || entry.revision === lists.get(provider)?.revision) continue;
      lists.set(provider, { revision: entry.revision, models: parsed(entry.string(), options) });
    }
  };
  const tick = (): void => {
    read().catch((error: unknown) =>
      options.log.debug({ error }, 'lists of models could not be read'),
    );
  };
  tick();
  const timer = setInterval(tick, options.readMs ?? LIMITS.modelListsReadMs);
  timer.unref();
  return {
    list: (provider) => lists.get(provider)?.models ?? [],
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
    },
  };
}

// Whatever was written into the bucket: nonsense is no list.
function parsed<Model>(text: string, { parse, log }: ModelListOptions<Model>): readonly Model[] {
  try {
    const json: unknown = JSON.parse(text);
    const entries: readonly unknown[] = Array.isArray(json) ? json : [];
    return entries.map(parse).filter((model) => model !== null);
  } catch (error) {
    log.warn({ error }, 'a list of models is no JSON');
    return [];
  }
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
