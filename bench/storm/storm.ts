import { setTimeout as sleep } from 'node:timers/promises';
import type { SandboxControl } from '../../sandbox/control.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import { createRandom } from '../routing/random.ts';
import { type SeenAttempt, SeenAttempts } from './attempts.ts';
import { StormClients, type VisibleError } from './clients.ts';
import { type FaultChange, FaultInjector } from './faults.ts';

/** What a storm needs. */
export interface StormOptions {
  /** Base address of the gateway. */
  readonly origin: string;
  readonly control: SandboxControl;
  readonly providers: readonly ProviderId[];
  /** Stays well throughout. */
  readonly healthy: ProviderId;
  readonly requests: number;
  /** Requests before the first fault, which are not reported. */
  readonly warmRequests: number;
  readonly concurrency: number;
  /** Gives the same requests and faults; their timing is the machine's. */
  readonly seed: number | string;
  /** Milliseconds until a provider that is well answers: the first of the chain; each next one takes as much more. */
  readonly answerMs: number;
  /** Milliseconds from one change of one provider to the next: a mean. */
  readonly changeMs: number;
  readonly timeoutSeconds: number;
}

/** What came of it. */
export interface StormResult {
  readonly errors: readonly VisibleError[];
  /** Attempts of each request, as the gateway told. */
  readonly attempts: readonly number[];
  /** What the providers saw. */
  readonly seen: readonly SeenAttempt[];
  readonly changes: readonly FaultChange[];
  readonly seconds: number;
}

const SESSIONS = 24;
const OUTPUT_TOKENS = 12;
const COLLECT_MS = 100;

/** Sends requests through a gateway while its providers become ill and well at random. */
export async function runStorm(options: StormOptions): Promise<StormResult> {
  const { control, providers, healthy, changeMs, answerMs, seed } = options;
  const { origin, concurrency, timeoutSeconds } = options;
  const clientsWith = (name: string): StormClients =>
    new StormClients({
      origin,
      concurrency,
      timeoutSeconds,
      sessions: SESSIONS,
      random: createRandom(seed, name),
    });
  const injector = new FaultInjector(control, {
    providers,
    healthy,
    changeMs,
    random: createRandom(seed, 'faults'),
    well: (provider) => ({
      outputTokens: OUTPUT_TOKENS,
      firstByteMs: answerMs * (1 + providers.indexOf(provider)),
    }),
  });
  await clientsWith('warm').run(options.warmRequests);
  const clients = clientsWith('clients');
  const seen = new SeenAttempts(control);
  const over = new AbortController();
  const startedAtMs = performance.now();
  const collecting = every(
    () => COLLECT_MS,
    over.signal,
    async () => seen.collect(),
  );
  const injecting = every(
    () => injector.pauseMs(),
    over.signal,
    () => change(injector, clients),
  );
  await clients.run(options.requests);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  over.abort();
  await Promise.all([collecting, injecting]);
  await control.whenIdle();
  seen.collect();
  const { errors, attempts } = clients;
  return { errors, attempts, seen: seen.all, changes: injector.changes, seconds };
}

// A whole message that meets a stall waits as long as its client does: none is under way when one begins.
async function change(injector: FaultInjector, clients: StormClients): Promise<void> {
  const next = injector.draw(Date.now());
  if (next === null) return;
  if (next.fault?.isForStreams) {
    clients.mustStream = true;
    await clients.wholeAnswered();
  }
  injector.apply(next, Date.now());
  clients.mustStream = injector.isForStreams;
}

async function every(
  pauseMs: () => number,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(pauseMs(), undefined, { signal }).catch(() => {}); // the storm is over
    if (!signal.aborted) await work();
  }
}
