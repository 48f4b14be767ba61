import type { HeaderPair } from '../../schemas/envelope.ts';
import type { WindowKind, WindowReading } from '../../schemas/observation.ts';
import { retryAfterMs } from '../errors/retry-after.ts';
import { parseUpstreamProblem, type UpstreamProblem } from '../errors/upstream-problem.ts';
import { asBuffer, objectField } from '../json.ts';
import { anthropicWindows } from './anthropic-headers.ts';
import { upstreamNowMs } from './durations.ts';
import { googleWindows } from './google-quotas.ts';
import { openaiWindows } from './openai-headers.ts';
import { windowsOfSentence } from './sentences.ts';

/** An answer that refused a request, as it came. */
export interface RefusedCall {
  readonly status: number;
  readonly headers: readonly HeaderPair[];
  readonly body: Uint8Array;
}

/** What a refusal says about rate limits. */
export interface RefusalReading {
  /** The windows that it is about: those its body names, else those its headers say are used up. */
  readonly windows: readonly WindowReading[];
  /** How long the upstream asked to wait, not cut; null = it did not say. */
  readonly retryAfterMs: number | null;
  /** What the rate limit counts; null = this is no rate limit, or nobody said. */
  readonly limitedBy: WindowKind | null;
}

const NO_WINDOWS: readonly WindowReading[] = [];

/** The rate-limit windows that an answer's headers tell of, in any dialect. Names in lower case. Pure. */
export function readWindows(headers: readonly HeaderPair[]): readonly WindowReading[] {
  const told = new Map<string, string>();
  let isAnthropic = false;
  let isOther = false;
  for (const [name, value] of headers) {
    const isTheirs = name.startsWith('anthropic-');
    if (!isTheirs && !name.startsWith('x-ratelimit-')) continue;
    isAnthropic ||= isTheirs;
    isOther ||= !isTheirs;
    told.set(name, value);
  }
  if (told.size === 0) return NO_WINDOWS;
  const nowMs = upstreamNowMs(headers);
  const anthropic = isAnthropic ? anthropicWindows(told, nowMs) : NO_WINDOWS;
  return isOther ? [...anthropic, ...openaiWindows(told, nowMs)] : anthropic;
}

/** Reads a refusal's headers and body, in any dialect. Never throws. Pure. */
export function readRefusal({ status, headers, body }: RefusedCall): RefusalReading {
  const problem = parseUpstreamProblem(asBuffer(body).toString('utf8'));
  const isLimit = status === 429 || problem.code === 'RESOURCE_EXHAUSTED';
  const windows = windowsOfProblem(problem, { headers, status, isLimit });
  const hints = { headers, error: problem.error, message: problem.message };
  return {
    windows,
    retryAfterMs: retryAfterMs(hints),
    limitedBy: isLimit ? kindOfLongest(windows) : null,
  };
}

function windowsOfProblem(
  { error, message }: UpstreamProblem,
  {
    headers,
    status,
    isLimit,
  }: { headers: readonly HeaderPair[]; status: number; isLimit: boolean },
): readonly WindowReading[] {
  // Groq says 413 where a request is larger than a minute's tokens.
  if (!isLimit && status !== 413) return NO_WINDOWS;
  const told = readWindows([...headers, ...headersInside(error)]);
  const quotas = googleWindows(error, message);
  const named = quotas.length > 0 ? quotas : windowsOfSentence(message, isLimit);
  if (named.length > 0) return named.map((reading) => filledUp(reading, told));
  return told.filter(({ remaining }) => remaining === 0);
}

// OpenRouter tells those of its own upstream in the body.
function headersInside(error: UpstreamProblem['error']): readonly HeaderPair[] {
  const inner = objectField(objectField(error, 'metadata'), 'headers');
  return Object.entries(inner).map(([name, value]) => [name.toLowerCase(), String(value)] as const);
}

// What the sentence leaves out, the headers may tell of the same window.
function filledUp(named: WindowReading, told: readonly WindowReading[]): WindowReading {
  const same = told.find(
    ({ kind, periodMs }) =>
      kind === named.kind &&
      (periodMs === null || named.periodMs === null || periodMs === named.periodMs),
  );
  if (same === undefined) return named;
  return {
    ...named,
    periodMs: named.periodMs ?? same.periodMs,
    limit: named.limit ?? same.limit,
    remaining: named.remaining ?? same.remaining,
    resetInMs: named.resetInMs ?? same.resetInMs,
  };
}

function kindOfLongest(windows: readonly WindowReading[]): WindowKind | null {
  const [first] = windows.toSorted((a, b) => (b.resetInMs ?? 0) - (a.resetInMs ?? 0));
  return first?.kind ?? null;
}
