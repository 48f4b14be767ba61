import type { FaultPresetName } from '../../sandbox/fault-presets.ts';
import { between, logBetween, type Random } from '../routing/random.ts';

/** How long a conversation has its prompt kept by the provider. */
export type CacheLife = '5m' | '1h';

/** What a client talks about, and how often it asks. */
export interface ConversationPlan {
  readonly model: string;
  /** Null = it asks for no cache. */
  readonly cacheLife: CacheLife | null;
  readonly turns: number;
}

/** What one client does, and what its provider does to it. */
export interface RequestPlan {
  readonly isStream: boolean;
  /** What the prompt tells the sandbox. */
  readonly order: string;
  /** The client leaves so many milliseconds after it asked; null = it waits. */
  readonly leavesAfterMs: number | null;
  /** Until the conversation's next request. */
  readonly pauseMs: number;
}

const MODELS = ['claude-sonnet-5-5', 'claude-opus-5-5', 'claude-haiku-5-5'] as const;
const TURNS_MAX = 8;
const CACHED_SHARE = 0.75;
const HOUR_SHARE = 0.3;
const STREAM_SHARE = 0.7;
const LEAVING_SHARE = 0.12;
const FAULT_SHARE = 0.15;
const LEAVES_MS_MAX = 1_200;
/** A client reads an answer, or runs a tool, before it asks again. */
const PAUSE_MS_MIN = 100;
const PAUSE_MS_MAX = 500;

/** What providers do wrong: before an answer, in its midst, and in what they say it cost. */
const FAULTS: readonly FaultPresetName[] = [
  'overloaded',
  'server-error',
  'rate-limit',
  'bad-request',
  'bad-gateway',
  'reset',
  'html',
  'invalid-json',
  'error-first',
  'cut',
  'cut-mid-event',
  'error-after-text',
  'no-message-stop',
  'usage-missing',
  'usage-text',
  'comments',
];

/** Draws a conversation. */
export function drawConversation(random: Random): ConversationPlan {
  const hasCache = random() < CACHED_SHARE;
  const cacheLife = random() < HOUR_SHARE ? '1h' : '5m';
  return {
    model: pick(random, MODELS),
    cacheLife: hasCache ? cacheLife : null,
    turns: Math.ceil(between(random, 0, TURNS_MAX)),
  };
}

/** Draws a request of it. */
export function drawPlan(random: Random): RequestPlan {
  const isStream = random() < STREAM_SHARE;
  const isLeaving = random() < LEAVING_SHARE;
  const tokens = Math.round(logBetween(random, 5, isLeaving ? 2_000 : 200));
  const hasFault = !isLeaving && random() < FAULT_SHARE;
  const fault = hasFault ? `sandbox: fault ${pick(random, FAULTS)}\n` : '';
  return {
    isStream,
    order: `${fault}sandbox: tokens ${tokens}`,
    leavesAfterMs: isLeaving ? between(random, 0, LEAVES_MS_MAX) : null,
    pauseMs: between(random, PAUSE_MS_MIN, PAUSE_MS_MAX),
  };
}

/** One of them, each as likely as the others. Throws RangeError where there is none. */
export function pick<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
}
