/**
 * Measures the local token counter: `node bench/token-count.ts` prints milliseconds a workload, after a warm-up.
 *
 * `/context` of Claude Code sends 18 to 26 counts at once; the last column says how long this process's event loop
 * stood still meanwhile.
 */
import { createTokenCounter } from '../workers/token-count/token-counter.ts';
import { requestBody } from './cases.ts';

const MODEL = 'claude-sonnet-5-5';
const AT_ONCE = 26;
const RUNS = 5;

interface Workload {
  readonly name: string;
  /** The bodies of one run; no two runs get equal ones. */
  bodies(run: number): readonly Buffer[];
}

function bodyOf(text: string): Buffer {
  return Buffer.from(JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: text }] }));
}

/** Text in which the tokenizer meets few words twice. */
function words(seed: number, characters: number): string {
  let state = seed + 1;
  let text = '';
  while (text.length < characters) {
    state = (state * 48_271) % 2_147_483_647;
    text += `${state.toString(36)} value = ${state % 97};\n`;
  }
  return text;
}

/** Measures the longest time between two turns of the event loop, in milliseconds. */
function watchLoop(): { stop(): number } {
  let lastMs = performance.now();
  let longestMs = 0;
  let isWatching = true;
  const turn = () => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    if (isWatching) setImmediate(turn);
  };
  setImmediate(turn);
  return {
    stop: () => {
      isWatching = false;
      return longestMs;
    },
  };
}

const WORKLOADS: readonly Workload[] = [
  {
    name: '26 equal bodies of 50 KB',
    bodies: (run) => new Array<Buffer>(AT_ONCE).fill(bodyOf(`${run}${words(1, 50_000)}`)),
  },
  {
    name: '26 different bodies of 50 KB, repetitive',
    bodies: (run) =>
      Array.from({ length: AT_ONCE }, (_, index) =>
        Buffer.concat([requestBody(50_000, false), Buffer.from(' '.repeat(run * AT_ONCE + index))]),
      ),
  },
  {
    name: '26 different bodies of 50 KB, hardly a word twice',
    bodies: (run) =>
      Array.from({ length: AT_ONCE }, (_, index) => bodyOf(words(run * AT_ONCE + index, 50_000))),
  },
  { name: '100 KB of one letter', bodies: (run) => [bodyOf(`${run}${'a'.repeat(100_000)}`)] },
  { name: '25,000 emoji', bodies: (run) => [bodyOf(`${run}${'\u{1F600}'.repeat(25_000)}`)] },
  { name: '4 MB of text', bodies: (run) => [bodyOf(words(run, 4_000_000))] },
];

await using counter = createTokenCounter();
await counter.count(bodyOf('warm up'), { model: MODEL });
for (const { name, bodies } of WORKLOADS) {
  const times: number[] = [];
  let stillMs = 0;
  for (let run = 0; run < RUNS; run++) {
    const batch = bodies(run);
    const loop = watchLoop();
    const startMs = performance.now();
    await Promise.all(batch.map((body) => counter.count(body, { model: MODEL })));
    times.push(performance.now() - startMs);
    stillMs = Math.max(stillMs, loop.stop());
  }
  times.sort((a, b) => a - b);
  const [best = 0] = times;
  const worst = times.at(-1) ?? 0;
  const columns = [name.padEnd(52), `${best.toFixed(1)} to ${worst.toFixed(1)} ms`.padEnd(22)];
  process.stdout.write(`${columns.join('')}loop ≤ ${stillMs.toFixed(1)} ms\n`);
}
