/**
 * A stand-in for claude-code-costs, which has no package: it reads `<home>/projects/<folder>/*.jsonl`, one level deep, counts every
 * line of type `assistant` as often as it is there, knows nothing of `costUSD`, and prices what it does not know as Sonnet.
 */
import { globSync, readFileSync } from 'node:fs';

interface Usage {
  readonly input_tokens?: number;
  readonly output_tokens?: number;
  readonly cache_creation_input_tokens?: number;
  readonly cache_read_input_tokens?: number;
}

/** Dollars per million tokens: input, output, cache write, cache read. */
const SONNET = [3, 15, 3.75, 0.3] as const;
const PRICES: Readonly<Record<string, readonly [number, number, number, number]>> = {
  'claude-sonnet-4-20250514': SONNET,
  'claude-3-5-haiku-20241022': [0.8, 4, 1, 0.08],
  'claude-opus-4-20250514': [15, 75, 18.75, 1.5],
};
const TOKENS = 1_000_000;

/** The total in dollars that it would print. */
export function totalOfClaudeCodeCosts(home: string): number {
  const files = globSync('projects/*/*.jsonl', { cwd: home });
  const lines = files.flatMap((file) =>
    readFileSync(`${home}/${file}`, 'utf8')
      .split('\n')
      .filter((line) => line !== ''),
  );
  return lines.reduce((sum, line) => sum + costOf(JSON.parse(line)), 0);
}

function costOf(line: { type?: string; message?: { model?: string; usage?: Usage } }): number {
  const usage = line.type === 'assistant' ? line.message?.usage : undefined;
  if (usage === undefined) return 0;
  const [input, output, write, read] = PRICES[line.message?.model ?? ''] ?? SONNET;
  const dollars =
    (usage.input_tokens ?? 0) * input +
    (usage.output_tokens ?? 0) * output +
    (usage.cache_creation_input_tokens ?? 0) * write +
    (usage.cache_read_input_tokens ?? 0) * read;
  return dollars / TOKENS;
}
