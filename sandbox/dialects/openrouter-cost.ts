import type { Answer } from '../dialect.ts';
import type { JsonObject } from '../messages/json.ts';

/** USD per million tokens that the sandbox charges: input and output. */
const PRICES = { haiku: [1, 5], sonnet: [3, 15], opus: [5, 25], fable: [10, 50] } as const;
const OTHER_PRICES = [0.5, 1.5] as const;

/** Prices relative to the input's. */
export const CACHE_FACTORS = { read: 0.1, write5m: 1.25, write1h: 2 } as const;

/** USD per million tokens of input and output. */
export function openrouterPrices(model: string): readonly [input: number, output: number] {
  const family = Object.keys(PRICES).find((name) => model.includes(name));
  return PRICES[family as keyof typeof PRICES] ?? OTHER_PRICES;
}

/** The fields of usage that say what an answer cost, in USD. */
export function openrouterCost(answer: Answer): JsonObject {
  const cost = costUsd(answer);
  const promptCost = costUsd({ ...answer, script: { ...answer.script, outputTokens: 0 } });
  return {
    cost,
    is_byok: false,
    cost_details: {
      upstream_inference_cost: cost,
      upstream_inference_prompt_cost: promptCost,
      upstream_inference_completions_cost: cost - promptCost,
    },
  };
}

function costUsd({ prompt, input, script }: Answer): number {
  const [inputPrice, outputPrice] = openrouterPrices(prompt.model);
  const inputUnits =
    input.inputTokens +
    input.cacheReadTokens * CACHE_FACTORS.read +
    input.cacheWrite5mTokens * CACHE_FACTORS.write5m +
    input.cacheWrite1hTokens * CACHE_FACTORS.write1h;
  return (inputUnits * inputPrice + script.outputTokens * outputPrice) / 1_000_000;
}
