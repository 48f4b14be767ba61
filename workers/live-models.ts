import { Agent, request } from 'undici';
import type { ProviderSettings } from '../config/config.ts';
import { LIMITS } from '../config/limits.ts';
import type { LiveModel } from '../config/live-models.ts';
import { adapterOf } from '../schemas/provider.ts';
import { parseJson } from './json.ts';
import { parseOpenaiModels, parseOpenrouterModels } from './live-model-lists.ts';

/** Reads the lists of models that providers publish. Disposing it ends what is under way. */
export interface LiveModelReader extends AsyncDisposable {
  /**
   * The models of a provider, at most `liveModelsFreshMs` old; one read serves all who ask meanwhile. When a read
   * fails the last list stays, and the next try waits `liveModelsRetryMs`. Empty for providers without a list. Never
   * rejects.
   */
  read(settings: ProviderSettings): Promise<readonly LiveModel[]>;
}

/** What a reader needs beside the limits, which are the defaults. */
export interface LiveModelReaderOptions {
  readonly now?: () => number;
  readonly readMs?: number;
  readonly bytesMax?: number;
  /** Hears why a list could not be read; the reason holds no address and no key. */
  onFailure?(provider: ProviderSettings['id'], reason: string): void;
}

interface Known {
  models: readonly LiveModel[];
  /** In the clock of `now`. */
  nextReadMs: number;
  reading: Promise<readonly LiveModel[]> | null;
}

/** Where a provider's list is and how it is read. */
interface ListSource {
  readonly url: string;
  parse(json: unknown): readonly LiveModel[] | null;
}

/** Creates the reader. */
export function createLiveModelReader(options: LiveModelReaderOptions = {}): LiveModelReader {
  const now = options.now ?? ((): number => performance.now());
  const readMs = options.readMs ?? LIMITS.liveModelsReadMsMax;
  const agent = new Agent({
    connections: 1,
    maxResponseSize: options.bytesMax ?? LIMITS.liveModelsBytesMax,
    maxHeaderSize: LIMITS.upstreamHeaderBytesMax,
  });
  const known = new Map<string, Known>();
  const refresh = async (
    source: ListSource,
    settings: ProviderSettings,
    entry: Known,
  ): Promise<readonly LiveModel[]> => {
    try {
      entry.models = await readList(source, settings, { agent, readMs });
      entry.nextReadMs = now() + LIMITS.liveModelsFreshMs;
    } catch (error) {
      entry.nextReadMs = now() + LIMITS.liveModelsRetryMs;
      options.onFailure?.(settings.id, reasonOf(error));
    } finally {
      entry.reading = null;
    }
    return entry.models;
  };
  return {
    async read(settings) {
      const source = sourceOf(settings);
      if (source === null) return [];
      const entry = known.get(settings.id) ?? { models: [], nextReadMs: now(), reading: null };
      known.set(settings.id, entry);
      if (entry.reading === null && now() < entry.nextReadMs) return entry.models;
      entry.reading ??= refresh(source, settings, entry);
      return entry.reading;
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

/** A list that came but is none; the message is ours. */
class ListError extends Error {}

async function readList(
  { url, parse }: ListSource,
  { apiKey, server }: ProviderSettings,
  { agent, readMs }: { agent: Agent; readMs: number },
): Promise<readonly LiveModel[]> {
  const { statusCode, body } = await request(url, {
    dispatcher: agent,
    signal: AbortSignal.timeout(readMs),
    headers: {
      accept: 'application/json',
      ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
      ...server?.headers,
    },
  });
  const text = await body.text();
  if (statusCode !== 200) throw new ListError(`status ${statusCode}`);
  const models = parse(parseJson(text));
  if (models === null) throw new ListError('no list of models');
  return models;
}

function sourceOf({ id, baseUrl }: ProviderSettings): ListSource | null {
  const adapter = adapterOf(id);
  if (adapter === 'openrouter') {
    return { url: `${baseUrl}/api/v1/models`, parse: parseOpenrouterModels };
  }
  // Its base address has its path.
  return adapter === 'openai-compatible'
    ? { url: `${baseUrl}/models`, parse: parseOpenaiModels }
    : null;
}

function reasonOf(error: unknown): string {
  if (error instanceof ListError) return error.message;
  const { code, name } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : name;
}
