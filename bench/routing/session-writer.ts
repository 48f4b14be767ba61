import type { RequestClass } from '../../schemas/request-class.ts';
import type { DayShape, Turn } from './day.ts';
import { between, logBetween, logNormal, type Random } from './random.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const CACHE_TTL_MS = 5 * MINUTE_MS;
/** System prompt and tools. */
const BASE_TOKENS = 10_000;
const AGENT_BASE_TOKENS = 8_000;
/** Claude Code summarises the conversation here. */
const COMPACTION_TOKENS = 150_000;

interface Growth {
  readonly median: number;
  readonly max: number;
}

const ANSWER: Growth = { median: 320, max: 8_000 };
const TOOL_RESULT: Growth = { median: 900, max: 25_000 };
const SPREAD = 1.1;

/** Writes down one session, turn by turn. */
export class SessionWriter {
  readonly #random: Random;
  readonly #sessionId: string;
  readonly #turnCount: number;
  /** Tokens that are no four bytes: code in one language is estimated too high, in another too low. */
  readonly #estimate: number;
  #written = 0;

  constructor(random: Random, sessionId: string, { turnsMax }: DayShape) {
    this.#random = random;
    this.#sessionId = sessionId;
    this.#turnCount = Math.round(logBetween(random, 20, turnsMax));
    this.#estimate = between(random, 0.9, 1.12);
  }

  turns(): readonly Turn[] {
    const random = this.#random;
    const turns: Turn[] = [];
    let tokens = BASE_TOKENS + this.#size({ median: 1_500, max: 20_000 });
    let known = 0;
    let leftOfLoop = 0;
    while (turns.length < this.#turnCount) {
      const isPrompt = leftOfLoop <= 0;
      if (isPrompt) leftOfLoop = Math.ceil(logBetween(random, 1, 30));
      leftOfLoop -= 1;
      if (tokens > COMPACTION_TOKENS) {
        turns.push(this.#compaction(tokens, known));
        tokens = BASE_TOKENS + between(random, 4_000, 9_000);
        known = BASE_TOKENS;
      }
      const turn = this.#mainTurn({ tokens, known, isPrompt, isFirst: turns.length === 0 });
      turns.push(turn);
      known = tokens;
      tokens += turn.outputTokens + this.#size(TOOL_RESULT) + turn.agents.length * 1_000;
    }
    return turns;
  }

  #mainTurn(at: { tokens: number; known: number; isPrompt: boolean; isFirst: boolean }): Turn {
    const random = this.#random;
    const hasSide = at.isPrompt && random() < 0.3;
    const side = at.isFirst ? this.#side('title', 1_200, 20) : null;
    const hasAgents = random() < 0.025;
    const pauseMs = at.isPrompt ? this.#userMs() : logBetween(random, 1, 20) * SECOND_MS;
    return this.#turn('main', {
      pauseMs: at.isFirst ? 0 : pauseMs,
      promptTokens: at.tokens,
      knownTokens: at.known,
      outputTokens: this.#size(ANSWER),
      isPrompt: at.isPrompt && !at.isFirst,
      side: side ?? (hasSide ? this.#side('auxiliary', between(random, 1_500, 6_000), 60) : null),
      agents: hasAgents ? this.#agents() : [],
    });
  }

  #compaction(tokens: number, known: number): Turn {
    return this.#turn('compaction', {
      pauseMs: SECOND_MS,
      promptTokens: tokens + 1_500,
      knownTokens: known,
      outputTokens: this.#size({ median: 2_500, max: 6_000 }),
    });
  }

  #side(requestClass: 'title' | 'auxiliary', promptTokens: number, outputTokens: number): Turn {
    return this.#turn(requestClass, { promptTokens, outputTokens, cacheTtlMs: 0 });
  }

  #agents(): readonly (readonly Turn[])[] {
    const random = this.#random;
    return Array.from({ length: Math.floor(between(random, 3, 6)) }, () => {
      const agentId = `agent-${this.#written}`;
      let tokens = AGENT_BASE_TOKENS + this.#size({ median: 800, max: 5_000 });
      let known = 0;
      return Array.from({ length: Math.floor(between(random, 4, 16)) }, (): Turn => {
        const turn = this.#turn('subagent', {
          agentId,
          pauseMs: logBetween(random, 0.5, 10) * SECOND_MS,
          promptTokens: tokens,
          knownTokens: known,
          outputTokens: this.#size({ median: 220, max: 6_000 }),
        });
        known = tokens;
        tokens += turn.outputTokens + this.#size(TOOL_RESULT);
        return turn;
      });
    });
  }

  // Reads, thinks, types; sometimes is in a meeting.
  #userMs(): number {
    const random = this.#random;
    if (random() < 0.08) return between(random, 8, 30) * MINUTE_MS;
    return Math.max(8 * SECOND_MS, logNormal(random, 75 * SECOND_MS, 0.9));
  }

  #size({ median, max }: Growth): number {
    return Math.max(10, Math.round(Math.min(max, logNormal(this.#random, median, SPREAD))));
  }

  #turn(
    requestClass: RequestClass,
    rest: Pick<Turn, 'promptTokens' | 'outputTokens'> & Partial<Turn>,
  ): Turn {
    const estimate = this.#estimate * between(this.#random, 0.97, 1.03);
    const promptTokens = Math.round(rest.promptTokens);
    return {
      sessionId: this.#sessionId,
      agentId: null,
      pauseMs: 0,
      knownTokens: 0,
      cacheTtlMs: CACHE_TTL_MS,
      side: null,
      agents: [],
      isPrompt: false,
      ...rest,
      id: `${this.#sessionId}-${this.#written++}`,
      requestClass,
      promptTokens,
      estimatedTokens: Math.round(promptTokens * estimate),
    };
  }
}
