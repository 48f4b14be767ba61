import { GatewayError } from '../schemas/error.ts';
import { formatUsd, type Picodollars } from '../schemas/money.ts';
import type { BudgetStand } from './budget-book.ts';
import type { AttemptFailure } from './final-error.ts';

const PERIOD_WORDS = { day: 'daily', month: 'monthly' } as const;
/** Budgets may be smaller than a cent. */
const DIGITS = 2;
const DIGITS_SMALL = 6;
const SMALL: Picodollars = 1_000_000_000_000n;

/**
 * What a client reads whose request does not fit into a budget. The beginning is the wording at which Claude Code stops.
 * Source: protocol reference §1.14.
 */
export function spendLimitMessage({
  budget,
  name,
  spent,
  setAside,
  resetsAtMs,
}: BudgetStand): string {
  const { period, scope, picodollars } = budget;
  const resets = new Date(resetsAtMs).toISOString().slice(0, 'YYYY-MM-DDTHH:MM'.length);
  const whose = { global: '', provider: ` for provider ${name}`, key: ' for this client key' }[
    scope
  ];
  const digits = picodollars < SMALL ? DIGITS_SMALL : DIGITS;
  const [limit, gone, held] = [picodollars, spent, setAside].map((sum) => formatUsd(sum, digits));
  return (
    `spend limit reached (${PERIOD_WORDS[period]}; resets ${resets.replace('T', ' ')} UTC): ` +
    `of ${limit} USD${whose} ${gone} are spent and ${held} set aside, which leaves too little for this request`
  );
}

/** The same as an error that is not to be tried again: 429, as Anthropic's own spend limits. */
export function spendLimitError(stand: BudgetStand): GatewayError {
  return new GatewayError('rate_limit_error', spendLimitMessage(stand), { shouldRetry: false });
}

/** The same as the answer to a request of which no attempt was made. */
export function spendLimitFailure(stand: BudgetStand): AttemptFailure {
  const { type, status, message } = spendLimitError(stand);
  return {
    type,
    status,
    message,
    body: null,
    headers: [['x-should-retry', 'false']],
    upstreamStatus: null,
    isFailover: false,
  };
}
