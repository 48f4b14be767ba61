import { CASES } from '../cases.ts';
import { percentile, runLoad } from '../load.ts';
import { startUpstream } from '../upstream.ts';
import { startGatewayProcess } from './gateway-process.ts';

/** Medians of a way to route, in milliseconds. */
export interface RoutingCost {
  readonly name: string;
  readonly p50Ms: number;
  /** To the static chain in the same round: the machine's moods meet both alike. */
  readonly differenceMs: number;
}

const ROUNDS = 40;
const REQUESTS_PER_ROUND = 50;
const WARM_REQUESTS = 500;
const SECONDS_MAX = 60;
const PROVIDERS = ['anthropic'] as const;
/** The first is what the others are compared with. */
const WAYS = [
  { name: 'static chain, no router', router: 'none' },
  { name: 'router in the same process', router: 'inside' },
  { name: 'router in a process of its own', router: 'beside' },
] as const;

/** Measures a short request, one at a time, through gateways that differ in where their router runs. */
export async function measureRoutingCosts(): Promise<readonly RoutingCost[]> {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(await startUpstream());
  await upstream.behave({ kind: 'short' });
  const ways: { name: string; origin: string; latenciesMs: number[]; mediansMs: number[] }[] = [];
  for (const { name, router } of WAYS) {
    const options = { upstream: upstream.origin, providers: PROVIDERS, router };
    const { origin } = stack.use(await startGatewayProcess(options));
    ways.push({ name, origin, latenciesMs: [], mediansMs: [] });
  }
  for (const { origin } of ways) await latencies(origin, WARM_REQUESTS);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { origin, latenciesMs, mediansMs } of ways) {
      const measured = await latencies(origin, REQUESTS_PER_ROUND);
      latenciesMs.push(...measured);
      mediansMs.push(percentile(measured, 0.5));
    }
  }
  const chain = ways[0]?.mediansMs ?? [];
  return ways.map(({ name, latenciesMs, mediansMs }) => {
    const differencesMs = mediansMs.map((each, round) => each - (chain[round] ?? Number.NaN));
    const differenceMs = percentile(differencesMs, 0.5);
    return { name, p50Ms: percentile(latenciesMs, 0.5), differenceMs };
  });
}

async function latencies(origin: string, requestsMax: number): Promise<readonly number[]> {
  const [load] = CASES;
  if (load === undefined) throw new Error('there is no case');
  const request = { ...load, origin, path: '/v1/messages' };
  const limits = { concurrency: 1, seconds: SECONDS_MAX, requestsMax };
  const { latencyMs, errors } = await runLoad(request, limits);
  if (errors > 0) throw new Error(`${errors} requests failed`);
  return latencyMs;
}
