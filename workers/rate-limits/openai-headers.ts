import type { WindowKind, WindowReading } from '../../schemas/observation.ts';
import { msUntilReset, numberOf } from './durations.ts';
import { PERIODS, saysSomething, windowReading } from './window-reading.ts';

/** What follows `x-ratelimit-limit-`. Groq's requests are those of a day, OpenAI's of a minute: the name says neither. */
const NAMES: readonly (readonly [name: string, kind: WindowKind, periodMs: number | null])[] = [
  ['requests', 'requests', null],
  ['tokens', 'tokens', null],
  ['input-tokens', 'input_tokens', null],
  ['output-tokens', 'output_tokens', null],
  // Fireworks.
  ['tokens-prompt', 'input_tokens', null],
  ['tokens-generated', 'output_tokens', null],
  // Mistral.
  ['req-minute', 'requests', PERIODS.minute],
  ['tokens-minute', 'tokens', PERIODS.minute],
  // Cerebras.
  ['requests-minute', 'requests', PERIODS.minute],
  ['requests-hour', 'requests', PERIODS.hour],
  ['tokens-hour', 'tokens', PERIODS.hour],
  ['requests-day', 'requests', PERIODS.day],
  ['tokens-day', 'tokens', PERIODS.day],
];
const WINDOWS = NAMES.map(([name, kind, periodMs]) => ({
  kind,
  periodMs,
  limit: `x-ratelimit-limit-${name}`,
  remaining: `x-ratelimit-remaining-${name}`,
  reset: `x-ratelimit-reset-${name}`,
  renewal: `x-ratelimit-renewalperiod-${name}`,
}));
/** GitHub's limits have names that tell: `UserByModelByDay`. */
const NAMED_PERIODS: readonly (readonly [word: RegExp, periodMs: number])[] = [
  [/byminute/i, PERIODS.minute],
  [/byhour/i, PERIODS.hour],
  [/byday/i, PERIODS.day],
];

/** The windows of `x-ratelimit-*`: OpenAI, Groq, xAI, Azure, Mistral, Cerebras, Fireworks, OpenRouter, GitHub. */
export function openaiWindows(
  headers: ReadonlyMap<string, string>,
  nowMs: number,
): readonly WindowReading[] {
  const named = WINDOWS.filter(
    ({ limit, remaining }) => headers.has(limit) || headers.has(remaining),
  );
  const read = named.map(({ kind, periodMs, limit, remaining, reset, renewal }) =>
    windowReading({
      kind,
      scope: 'model',
      periodMs: renewalPeriod(headers.get(renewal)) ?? periodMs,
      limit: numberOf(headers.get(limit)),
      remaining: numberOf(headers.get(remaining)),
      resetInMs: msUntilReset(headers.get(reset), nowMs),
    }),
  );
  const plain = windowReading({
    kind: 'requests',
    scope: 'model',
    limit: numberOf(headers.get('x-ratelimit-limit')),
    remaining: numberOf(headers.get('x-ratelimit-remaining')),
    resetInMs: msUntilReset(headers.get('x-ratelimit-reset'), nowMs),
  });
  return [...read, plain, ...usedUp(headers)].filter(saysSomething);
}

/** The window that a limit's own name tells of: `UserByModelByMinute`, `UserByDay`, `TokensByModelByDay`. */
export function windowOfName(
  name: string,
): Pick<WindowReading, 'kind' | 'scope' | 'periodMs'> & { readonly remaining: 0 } {
  return {
    kind: /token/i.test(name) ? 'tokens' : 'requests',
    scope: /model/i.test(name) ? 'model' : 'account',
    periodMs: NAMED_PERIODS.find(([word]) => word.test(name))?.[1] ?? null,
    remaining: 0,
  };
}

function renewalPeriod(text: string | undefined): number | null {
  const seconds = numberOf(text);
  return seconds === null || seconds === 0 ? null : seconds * 1_000;
}

// GitHub: the limit's name, and how long it stays used up.
function usedUp(headers: ReadonlyMap<string, string>): readonly WindowReading[] {
  const name = headers.get('x-ratelimit-type');
  if (name === undefined) return [];
  const seconds = numberOf(headers.get('x-ratelimit-timeremaining'));
  const resetInMs = seconds === null ? null : seconds * 1_000;
  return [windowReading({ ...windowOfName(name), resetInMs })];
}
