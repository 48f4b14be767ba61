import type { WindowKind, WindowReading } from '../../schemas/observation.ts';
import { windowOfName } from './openai-headers.ts';
import { PERIODS, windowReading } from './window-reading.ts';

/** OpenAI, Groq: "on tokens per minute (TPM): Limit 6000, Used 5000, Requested 2000". */
const WITH_NUMBERS =
  /\bon (?<what>[a-z ]{3,30} per [a-z]{3,6}) ?\(\w{3,5}\): Limit:? (?<limit>[\d,]{0,18}\d)(?:, (?:Used|Current):? (?<used>[\d,]{0,18}\d))?/i;
/** Anthropic: "your organization's rate limit of 50,000 input tokens per minute". */
const OF_A_RATE = /rate limit of (?<limit>[\d,]{0,18}\d) (?<what>[a-z ]{3,30} per [a-z]{3,6})\b/i;
/** GitHub: "Rate limit of 10 per 60s exceeded for UserByModelByMinute". */
const OF_A_NAME =
  /rate limit of (?<limit>[\d,]{0,18}\d) per (?<seconds>\d{1,6})s exceeded for (?<name>\w{1,60})/i;
/** OpenRouter: "Rate limit exceeded: free-models-per-day", "limit_rpm/some-model". */
const OF_A_CODE = /rate limit exceeded: (?<what>free-models-per-[a-z]{3,6}|limit_[a-z]{2,4})/i;
/** Azure: "have exceeded token rate limit"; Mistral: "Requests rate limit exceeded". */
const OF_A_KIND = /\b(?<what>tokens?|requests?|calls?) rate limit\b/i;

const PERIOD_WORDS: readonly (readonly [word: RegExp, periodMs: number])[] = [
  [/per sec/i, PERIODS.second],
  [/per[ -]min|pm$/i, PERIODS.minute],
  [/per[ -]hour/i, PERIODS.hour],
  [/per[ -]day|pd$/i, PERIODS.day],
];

/**
 * The window that a refusal's sentence names; none in other sentences. `isUsedUp`: a window without numbers is empty.
 * Linear patterns only.
 */
export function windowsOfSentence(
  message: string,
  isUsedUp: boolean,
): readonly [] | readonly [WindowReading] {
  const said =
    OF_A_NAME.exec(message)?.groups ??
    WITH_NUMBERS.exec(message)?.groups ??
    OF_A_RATE.exec(message)?.groups ??
    OF_A_CODE.exec(message)?.groups ??
    OF_A_KIND.exec(message)?.groups;
  if (said === undefined) return [];
  const { what = '', name, seconds } = said;
  const limit = said['limit'] === undefined ? null : count(said['limit']);
  if (name !== undefined) {
    const periodMs = Number(seconds) * PERIODS.second;
    return [windowReading({ ...windowOfName(name), periodMs: periodMs || null, limit })];
  }
  const used = said['used'] === undefined ? null : count(said['used']);
  const left = limit === null || used === null ? null : Math.max(0, limit - used);
  return [
    windowReading({
      kind: kindOf(what),
      scope: 'model',
      periodMs: PERIOD_WORDS.find(([word]) => word.test(what))?.[1] ?? null,
      limit,
      remaining: left ?? (isUsedUp ? 0 : null),
    }),
  ];
}

function count(digits: string): number {
  return Number(digits.replaceAll(',', ''));
}

function kindOf(what: string): WindowKind {
  if (!/token|tp[md]/i.test(what)) return 'requests';
  if (/input|prompt/i.test(what)) return 'input_tokens';
  return /output|completion/i.test(what) ? 'output_tokens' : 'tokens';
}
