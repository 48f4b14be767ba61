import { createHash } from 'node:crypto';
import path from 'node:path';
import { bareName, isClaudeName } from '../../config/claude-names.ts';
import { parseUsd } from '../../schemas/money.ts';
import type { UsageEntry } from '../reports/usage-entry.ts';
import { usdNumber } from './entry-columns.ts';

/** A line of a transcript and the file that it belongs to, relative to the folder of the export. */
export interface ClaudeLine {
  readonly file: string;
  readonly line: string;
}

/** Which tokens lines have: those that were used, or as many as make readers that know no costs come to the right money. */
export type ClaudeVariant = 'tokens' | 'cost-equivalent';

/** The model that every reader knows the price of, and that price per token. */
const PRICED_MODEL = 'claude-sonnet-4-20250514';
const PICODOLLARS_PER_TOKEN = parseUsd('0.000003');
/** Readers leave out what is no semantic version. */
const VERSION = '1.0.0';
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;
const HASH_DIGITS = 16;

/**
 * Writes entries as Claude Code writes its transcripts, so that claude-code-costs and ccusage (18 and 20) read them: compact
 * JSON, no nulls, no empty strings, `costUSD` always a number.
 *
 * A finished request is one line under our request id and the id of its message, as in Claude Code's own transcripts. An
 * attempt that failed and was billed is a line of its own, so that the sums are those of the ledger.
 */
export class ClaudeLines {
  readonly #variant: ClaudeVariant;
  /** Money that was less than a token so far. */
  #rest = 0n;

  constructor(variant: ClaudeVariant) {
    this.#variant = variant;
  }

  /** The line of an entry; null = it used and cost nothing. */
  lineOf(entry: UsageEntry): ClaudeLine | null {
    const tokens = tokensOf(entry);
    if (entry.picodollars === 0n && tokens === 0) return null;
    const folder = `-gateway-${entry.provider}`;
    const session = fileName(entry.sessionId ?? 'no-session');
    const file = path.join('projects', folder, `${session}.jsonl`);
    return { file, line: `${JSON.stringify(this.#json(entry, session))}\n` };
  }

  #json(entry: UsageEntry, sessionId: string) {
    const { requestId, attempt, provider, picodollars, messageId, stopReason } = entry;
    return {
      type: 'assistant',
      timestamp: new Date(entry.countedAtMs).toISOString(),
      sessionId,
      version: VERSION,
      requestId,
      costUSD: usdNumber(picodollars),
      cwd: `/gateway/${provider}`,
      isSidechain: false,
      message: {
        id: messageId ?? `msg_${requestId}_${attempt}`,
        type: 'message',
        role: 'assistant',
        ...this.#modelAndUsage(entry),
        content: [],
        ...(stopReason === null ? {} : { stop_reason: stopReason }),
      },
    };
  }

  #modelAndUsage({ upstreamModel, usage, picodollars }: UsageEntry) {
    if (this.#variant === 'tokens')
      return { model: modelName(upstreamModel), usage: usageJson(usage) };
    const money = this.#rest + picodollars;
    this.#rest = money % PICODOLLARS_PER_TOKEN;
    const tokens = Number(money / PICODOLLARS_PER_TOKEN);
    return {
      model: PRICED_MODEL,
      usage: {
        input_tokens: tokens,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
        output_tokens: 0,
      },
    };
  }
}

/** The first line of every file. */
export function summaryLine(file: string): string {
  const provider = path.basename(path.dirname(file)).replace(/^-gateway-/, '');
  return `${JSON.stringify({ type: 'summary', summary: `gateway ${provider}` })}\n`;
}

function usageJson(usage: UsageEntry['usage']) {
  const { cacheCreation5mInputTokens, cacheCreation1hInputTokens } = usage;
  return {
    input_tokens: usage.inputTokens,
    cache_creation_input_tokens: cacheCreation5mInputTokens + cacheCreation1hInputTokens,
    cache_read_input_tokens: usage.cacheReadInputTokens,
    cache_creation: {
      ephemeral_5m_input_tokens: cacheCreation5mInputTokens,
      ephemeral_1h_input_tokens: cacheCreation1hInputTokens,
    },
    output_tokens: usage.outputTokens,
  };
}

// Readers know Claude's models by Anthropic's spelling.
function modelName(upstreamModel: string): string {
  const bare = bareName(upstreamModel);
  if (isClaudeName(bare)) return bare.replace('@', '-');
  return upstreamModel === '' ? 'unknown' : upstreamModel;
}

// Sessions are named by clients, and no name may lead out of the folder.
function fileName(sessionId: string): string {
  if (PLAIN_NAME.test(sessionId)) return sessionId;
  const digest = createHash('sha256').update(sessionId).digest('hex').slice(0, HASH_DIGITS);
  return `session-${digest}`;
}

function tokensOf({ usage }: UsageEntry): number {
  return (
    usage.inputTokens +
    usage.cacheReadInputTokens +
    usage.cacheCreation5mInputTokens +
    usage.cacheCreation1hInputTokens +
    usage.outputTokens
  );
}
