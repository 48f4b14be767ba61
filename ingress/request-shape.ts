import { LIMITS } from '../config/limits.ts';
import type { FieldSpan } from '../schemas/envelope.ts';
import { fieldNamed, type ScannedRequest } from './request-fields.ts';

const FIVE_MINUTES_MS = 300_000;
const ONE_HOUR_MS = 3_600_000;

// Of the few bytes that decide; what Claude Code writes is far shorter.
const CACHE_CONTROL_BYTES_MAX = 128;
const FIRST_SYSTEM_BLOCK_BYTES_MAX = 512;
const OUTPUT_CONFIG_BYTES_MAX = 4_096;
const COMPACTION_TEXT_BYTES_MAX = 32_768;
const COMPACTION_START_BYTES_MAX = 128;
const AFTER_LAST_TEXT_BYTES_MAX = 256;
const TYPE_KEY_BYTES_MAX = 16;

const CACHE_CONTROL = /^"cache_control"\s*:\s*\{([^{}]*)\}/;
const HOUR_TTL = /"ttl"\s*:\s*"1h"/;
const WEB_SEARCH_TYPE = /"type"\s*:\s*"web_search_/;
const SUBAGENT_MARK = 'cc_is_subagent=true';
const COMPACTION_MARK = 'Respond with TEXT ONLY';
const TEXT_START = /"(?:text|content)"\s*:\s*"[^"]*$/;
const ANOTHER_TEXT = /"(?:text|content)"/;
const TITLE_FORMAT = /"format"\s*:.*"title"/s;

// Node finds a short text that begins with a rare letter twenty times faster than the whole word.
const CACHE_CONTROL_NEEDLE = '_contro';
const CACHE_CONTROL_BEFORE = '"cache'.length;
const WEB_SEARCH_NEEDLE = '_search';
const WEB_SEARCH_BEFORE = '"web'.length;
const COMPACTION_NEEDLE = 'TEXT ON';
const COMPACTION_BEFORE = 'Respond with '.length;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * How long the request asks to keep its prompt, in milliseconds: 0 without a `cache_control` object, one hour when one of
 * them says so, else five minutes. One native search, 3 µs per 100 KB; looks at `requestMarksMax` marks.
 */
export function readCacheTtlMs({ body }: ScannedRequest): number {
  const bytes = asBuffer(body);
  let ttlMs = 0;
  let at = bytes.indexOf(CACHE_CONTROL_NEEDLE, 0, 'latin1');
  for (let count = 0; at !== -1 && count < LIMITS.requestMarksMax; count++) {
    const start = at - CACHE_CONTROL_BEFORE;
    // A quote after a backslash is part of a text.
    if (bytes[start] === QUOTE && bytes[start - 1] !== BACKSLASH) {
      const text = bytes.toString('latin1', start, start + CACHE_CONTROL_BYTES_MAX);
      const members = CACHE_CONTROL.exec(text)?.[1];
      if (members !== undefined && HOUR_TTL.test(members)) return ONE_HOUR_MS;
      if (members !== undefined) ttlMs = FIVE_MINUTES_MS;
    }
    at = bytes.indexOf(CACHE_CONTROL_NEEDLE, at + CACHE_CONTROL_NEEDLE.length, 'latin1');
  }
  return ttlMs;
}

/** True when a tool is the provider's own web search: its type is `web_search_<date>`. */
export function hasWebSearchTool(request: ScannedRequest): boolean {
  const tools = bytesOf(request, 'tools');
  let at = tools.indexOf(WEB_SEARCH_NEEDLE, 0, 'latin1');
  for (let count = 0; at !== -1 && count < LIMITS.requestMarksMax; count++) {
    const start = Math.max(0, at - WEB_SEARCH_BEFORE - TYPE_KEY_BYTES_MAX);
    const text = tools.toString('latin1', start, at + WEB_SEARCH_NEEDLE.length + 1);
    if (WEB_SEARCH_TYPE.test(text)) return true;
    at = tools.indexOf(WEB_SEARCH_NEEDLE, at + WEB_SEARCH_NEEDLE.length, 'latin1');
  }
  return false;
}

/** True when the first system block is Claude Code's attribution and names a subagent. */
export function isMarkedSubagent(request: ScannedRequest): boolean {
  return bytesOf(request, 'system')
    .subarray(0, FIRST_SYSTEM_BLOCK_BYTES_MAX)
    .includes(SUBAGENT_MARK, 0, 'latin1');
}

/** True when the answer must be JSON with a title: that is how Claude Code asks for the name of a conversation. */
export function asksForTitle(request: ScannedRequest): boolean {
  const config = bytesOf(request, 'output_config');
  return TITLE_FORMAT.test(config.toString('latin1', 0, OUTPUT_CONFIG_BYTES_MAX));
}

/** True when the last text of the last message begins with Claude Code's order to sum the conversation up. */
export function asksForCompaction(request: ScannedRequest): boolean {
  const tail = bytesOf(request, 'messages').subarray(-COMPACTION_TEXT_BYTES_MAX);
  let at = tail.lastIndexOf(COMPACTION_NEEDLE, undefined, 'latin1');
  for (let count = 0; at > 0 && count < LIMITS.requestMarksMax; count++) {
    if (isCompactionOrder(tail, at - COMPACTION_BEFORE)) return true;
    at = tail.lastIndexOf(COMPACTION_NEEDLE, at - 1, 'latin1');
  }
  return false;
}

function isCompactionOrder(tail: Buffer, at: number): boolean {
  if (at < 0 || tail.toString('latin1', at, at + COMPACTION_MARK.length) !== COMPACTION_MARK) {
    return false;
  }
  const before = tail.toString('latin1', Math.max(0, at - COMPACTION_START_BYTES_MAX), at);
  if (!TEXT_START.test(before)) return false;
  const end = endOfString(tail, at);
  if (tail.length - end > AFTER_LAST_TEXT_BYTES_MAX) return false;
  // Another text of this message, or another message.
  return !ANOTHER_TEXT.test(tail.toString('latin1', end));
}

function bytesOf({ body, scan }: ScannedRequest, name: string): Buffer {
  const field: FieldSpan | undefined = fieldNamed({ body, scan }, name);
  if (field === undefined) return NO_BYTES;
  return asBuffer(body).subarray(field.valueStart, field.valueEnd);
}

// From inside a string of valid JSON to the byte after it.
function endOfString(bytes: Buffer, start: number): number {
  let at = bytes.indexOf(QUOTE, start);
  while (at !== -1 && isEscaped(bytes, at)) at = bytes.indexOf(QUOTE, at + 1);
  return at === -1 ? bytes.length : at + 1;
}

function isEscaped(bytes: Buffer, at: number): boolean {
  let first = at;
  while (bytes[first - 1] === BACKSLASH) first--;
  return (at - first) % 2 === 1;
}

function asBuffer(body: Uint8Array): Buffer {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

const NO_BYTES = Buffer.alloc(0);
