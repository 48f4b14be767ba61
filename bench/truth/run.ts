import { startSandbox } from '../../sandbox/start.ts';
import { createRandom } from '../routing/random.ts';
import { type Books, checkBooks } from './books.ts';
import { SeenCalls } from './calls.ts';
import { type ClientCounts, runClients } from './clients.ts';
import { startTruthCluster } from './cluster.ts';
import { type Kill, killAtRandom } from './killer.ts';

/** How long, how hard. */
export interface TruthOptions {
  readonly requests: number;
  readonly concurrency: number;
  /** Milliseconds from one kill to the next: a mean. */
  readonly killMs: number;
  /** Gives the same requests and kills; their timing is the machine's. */
  readonly seed: number | string;
}

/** What came of it. */
export interface TruthResult extends Books {
  readonly clients: ClientCounts;
  readonly killed: readonly Kill[];
  /** Calls that the providers saw. */
  readonly calls: number;
  readonly seconds: number;
}

const COLLECT_MS = 100;
const TOKENS_PER_SECOND = 600;

/** Sends requests through a gateway whose programs are killed at random, then compares the books with what providers would bill. */
export async function runTruth(options: TruthOptions): Promise<TruthResult> {
  const { requests, concurrency, killMs, seed } = options;
  await using stack = new AsyncDisposableStack();
  const sandbox = stack.use(await startSandbox({ host: '127.0.0.1', port: 0 }));
  for (const id of ['anthropic', 'vertex-claude', 'openrouter', 'vertex-gemini'] as const) {
    sandbox.control.setBehaviour(id, { tokensPerSecond: TOKENS_PER_SECOND, chunksPerTick: 1 });
  }
  const cluster = stack.use(await startTruthCluster({ upstream: sandbox.url }));
  const seen = new SeenCalls(sandbox.control);
  const collecting = setInterval(() => seen.collect(), COLLECT_MS);
  stack.defer(() => clearInterval(collecting));
  const over = new AbortController();
  const startedAtMs = performance.now();
  const { workers, ledgers, nats, origins } = cluster;
  const killing = killAtRandom({
    victims: [...workers, ...ledgers, nats],
    killMs,
    random: createRandom(seed, 'kills'),
    signal: over.signal,
  });
  const random = createRandom(seed, 'clients');
  const clients = await runClients(requests, { origins, concurrency, random });
  over.abort();
  const killed = await killing;
  const seconds = (performance.now() - startedAtMs) / 1_000;
  await sandbox.control.whenIdle();
  seen.collect();
  const books = await checkBooks({ cluster, calls: seen.all, killed });
  return { ...books, clients, killed, calls: seen.all.length, seconds };
}
