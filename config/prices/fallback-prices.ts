import { parseDecimal } from '../../schemas/money.ts';
import { bareName, lineInName } from '../claude-names.ts';
import type { Quote } from './rates.ts';

/** US dollars per million tokens of what nobody lists, by the line in its name: no unknown model is ever free. */
export const FALLBACK_PRICES = {
  haiku: { input: '1', output: '5' },
  sonnet: { input: '3', output: '15' },
  opus: { input: '5', output: '25' },
  fable: { input: '10', output: '50' },
  mythos: { input: '10', output: '50' },
} as const;

/** The price of a model that no list has. */
export function fallbackQuote(model: string): Quote {
  const { input, output } = FALLBACK_PRICES[lineInName(bareName(model)) ?? 'sonnet'];
  const rates = { input: parseDecimal(input, 6), output: parseDecimal(output, 6) };
  return { tiers: [{ aboveInputTokens: 0, rates }], perWebSearch: null };
}
