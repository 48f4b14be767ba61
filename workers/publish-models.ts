import type { Bus } from '../bus/connect.ts';
import type { RunningRole } from '../bus/lifecycle.ts';
import type { Log } from '../bus/log.ts';
import { publishModelList } from '../bus/model-lists.ts';
import type { ProviderSettings } from '../config/config.ts';
import { LIMITS } from '../config/limits.ts';
import type { LiveModel } from '../config/live-models.ts';
import type { ProviderId } from '../schemas/provider.ts';
import { createLiveModelReader } from './live-models.ts';

/** Reads the lists of models that these providers publish, now and whenever they are stale, for every ingress. */
export function startModelPublisher(
  bus: Bus,
  options: { readonly providers: readonly ProviderSettings[]; readonly log: Log },
): RunningRole {
  const { providers, log } = options;
  const reader = createLiveModelReader({
    onFailure: (provider, reason) =>
      log.info({ provider, reason }, 'its list of models cannot be read'),
  });
  const published = new Map<ProviderId, readonly LiveModel[]>();
  const publish = async (): Promise<void> => {
    for (const settings of providers) {
      const models = await reader.read(settings);
      // The reader gives the same list until it has read another one.
      if (models.length === 0 || models === published.get(settings.id)) continue;
      published.set(settings.id, models);
      await publishModelList(bus, { provider: settings.id, models }, { log });
    }
  };
  const tick = (): void => {
    publish().catch((error: unknown) => log.warn({ error }, 'lists of models: publishing failed'));
  };
  tick();
  const timer = setInterval(tick, LIMITS.liveModelsRetryMs);
  timer.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await reader[Symbol.asyncDispose]();
    },
  };
}
