/**
 * A day of Claude Code sessions, made of a seed and the same for whoever routes it.
 *
 * What it is made of, and from where: session shapes, title calls, compaction and subagents as Claude Code 2.1 makes them
 * (recorded requests of a coding session: 10,000 tokens of system prompt and tools to begin with, tool loops of some turns
 * with seconds between them, minutes between prompts). Sizes are log-normal, as token counts of real sessions are. Office
 * hours with two peaks; everybody has lunch, for longer than a prompt cache lasts.
 */
import type { RequestClass } from '../../schemas/request-class.ts';
import { between, createRandom, type Random } from './random.ts';
import { SessionWriter } from './session-writer.ts';

/** How large a day is. */
export interface DayShape {
  readonly hours: number;
  readonly sessions: number;
  /** The most turns of a session's main conversation, at least 20. */
  readonly turnsMax: number;
}

/** Ten hours of sixty sessions. */
export const WHOLE_DAY: DayShape = { hours: 10, sessions: 60, turnsMax: 200 };

/** One message that Claude Code sends, and what will become of it. */
export interface Turn {
  readonly id: string;
  readonly sessionId: string;
  readonly agentId: string | null;
  readonly requestClass: RequestClass;
  /** Milliseconds that tools or the user take before it is sent. */
  readonly pauseMs: number;
  readonly promptTokens: number;
  /** The beginning of the prompt that the conversation has sent before. */
  readonly knownTokens: number;
  /** What the gateway takes the prompt for: it counts bytes. */
  readonly estimatedTokens: number;
  readonly outputTokens: number;
  readonly cacheTtlMs: number;
  /** Runs beside it; nobody waits for it. */
  readonly side: Turn | null;
  /** Conversations that run after it, in parallel, before the next turn. */
  readonly agents: readonly (readonly Turn[])[];
  /** The user has just come back to it: lunch may be due. */
  readonly isPrompt: boolean;
}

/** One session. Times are milliseconds from the day's beginning. */
export interface Session {
  readonly startMs: number;
  readonly lunchAtMs: number;
  readonly lunchMs: number;
  readonly turns: readonly Turn[];
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Sessions that begin in each tenth of the day. */
const ARRIVALS = [6, 12, 11, 8, 3, 7, 12, 11, 8, 4];

/** Makes the day of a seed: sessions in the order of their start. */
export function createDay(seed: number, shape: DayShape): readonly Session[] {
  const random = createRandom('day', seed);
  const dayMs = shape.hours * HOUR_MS;
  const sessions = Array.from({ length: shape.sessions }, (_, index): Session => {
    const own = createRandom('session', seed, index);
    return {
      startMs: arrival(random) * dayMs,
      lunchAtMs: between(own, 0.38, 0.52) * dayMs,
      lunchMs: between(own, 30, 60) * MINUTE_MS,
      turns: new SessionWriter(own, `session-${seed}-${index}`, shape).turns(),
    };
  });
  return sessions.sort((a, b) => a.startMs - b.startMs);
}

function arrival(random: Random): number {
  const sum = ARRIVALS.reduce((all, each) => all + each, 0);
  let left = random() * sum;
  const tenth = ARRIVALS.findIndex((each) => {
    left -= each;
    return left < 0;
  });
  return (Math.max(0, tenth) + random()) / ARRIVALS.length;
}
