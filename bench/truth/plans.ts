import type { FaultPresetName } from '../../sandbox/fault-presets.ts';
import { between, logBetween, type Random } from '../routing/random.ts';

/** What one client does, and what its provider does to it. */
export interface RequestPlan {
  readonly isStream: boolean;
  readonly model: string;
  /** What the prompt tells the sandbox. */
  readonly order: string;
  /** Which of the prompts that many requests share; they are long enough to be cached. */
  readonly prefix: number;
  /** The client leaves so many milliseconds after it asked; null = it waits. */
  readonly leavesAfterMs: number | null;
}

const MODELS = ['claude-sonnet-5-5', 'claude-opus-5-5', 'claude-haiku-5-5'] as const;
/** Prefixes of prompts; −1 is none. */
const PREFIXES = 12;
const STREAM_SHARE = 0.7;
const LEAVING_SHARE = 0.12;
const FAULT_SHARE = 0.15;
const LEAVES_MS_MAX = 1_200;

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

/** Draws a request. */
export function drawPlan(random: Random): RequestPlan {
  const isStream = random() < STREAM_SHARE;
  const isLeaving = random() < LEAVING_SHARE;
  const tokens = Math.round(logBetween(random, 5, isLeaving ? 2_000 : 200));
  const hasFault = !isLeaving && random() < FAULT_SHARE;
  const fault = hasFault ? `sandbox: fault ${pick(random, FAULTS)}\n` : '';
  return {
    isStream,
    model: pick(random, MODELS),
    order: `${fault}sandbox: tokens ${tokens}`,
    prefix: Math.floor(between(random, -1, PREFIXES)),
    leavesAfterMs: isLeaving ? between(random, 0, LEAVES_MS_MAX) : null,
  };
}

function pick<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
}
