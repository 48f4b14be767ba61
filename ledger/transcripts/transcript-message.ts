import { type Picodollars, parseUsd } from '../../schemas/money.ts';
import type { Usage } from '../../schemas/usage.ts';

/** A message as a line of Claude Code's transcripts tells of it. */
export interface TranscriptMessage {
  readonly messageId: string;
  /** Of the answer's `request-id` header; null = the line has none. */
  readonly requestId: string | null;
  readonly model: string;
  /** Unix milliseconds. */
  readonly atMs: number;
  readonly usage: Usage;
  /** What the line itself says that it cost; null = nothing. */
  readonly picodollars: Picodollars | null;
}

type Json = Readonly<Record<string, unknown>>;

/** Every line that matters has it, however it is spaced; most of the others have not. */
const MARK = '"usage"';

/**
 * Reads a line of a transcript. Null = it tells of no message that used tokens: prompts, tool results, summaries, errors that
 * the client made up, and what is no JSON (a line that is being written).
 */
export function readTranscriptLine(line: string): TranscriptMessage | null {
  if (!line.includes(MARK)) return null;
  const json = parsed(line);
  // The progress of a subagent carries its message one level deeper.
  const data = objectIn(json, 'data');
  const holder =
    objectIn(json, 'message') === null && data !== null ? objectIn(data, 'message') : json;
  const message = holder === null ? null : (objectIn(holder, 'message') ?? holder);
  const usage = message === null ? null : objectIn(message, 'usage');
  if (json === null || holder === null || message === null || usage === null) return null;
  if (json['type'] !== undefined && json['type'] !== 'assistant' && data === null) return null;
  const messageId = textIn(message, 'id');
  const atMs = Date.parse(textIn(holder, 'timestamp') ?? textIn(json, 'timestamp') ?? '');
  if (messageId === null || !Number.isFinite(atMs)) return null;
  return {
    messageId,
    requestId: textIn(holder, 'requestId') ?? textIn(json, 'requestId'),
    model: textIn(message, 'model') ?? 'unknown',
    atMs,
    usage: readUsage(usage),
    picodollars: readCost(json['costUSD']),
  };
}

function readUsage(json: Json): Usage {
  const split = objectIn(json, 'cache_creation') ?? {};
  const written = countIn(json, 'cache_creation_input_tokens');
  const oneHour = Math.min(countIn(split, 'ephemeral_1h_input_tokens'), written);
  const tools = objectIn(json, 'server_tool_use') ?? {};
  return {
    inputTokens: countIn(json, 'input_tokens'),
    cacheReadInputTokens: countIn(json, 'cache_read_input_tokens'),
    cacheCreation5mInputTokens: written - oneHour,
    cacheCreation1hInputTokens: oneHour,
    outputTokens: countIn(json, 'output_tokens'),
    reasoningOutputTokens: 0,
    webSearchRequests: countIn(tools, 'web_search_requests'),
  };
}

function readCost(value: unknown): Picodollars | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
    ? parseUsd(String(value))
    : null;
}

function parsed(line: string): Json | null {
  try {
    const json: unknown = JSON.parse(line);
    return isObject(json) ? json : null;
  } catch {
    return null; // cut off, or not ours
  }
}

function objectIn(json: Json | null, field: string): Json | null {
  const value = json?.[field];
  return isObject(value) ? value : null;
}

function textIn(json: Json, field: string): string | null {
  const value = json[field];
  return typeof value === 'string' && value !== '' ? value : null;
}

function countIn(json: Json, field: string): number {
  const value = json[field];
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
