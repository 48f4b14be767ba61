import { hash } from 'node:crypto';
import type { PromptPart } from '../script/prompt.ts';
import { cacheableBlocks } from './check-body.ts';
import { isObject, type JsonObject, objectsOf } from './json.ts';

const CHARACTERS_PER_TOKEN = 4;
const BINARY_TOKENS = 1_500;
/** The frame around every prompt; never cached. */
const BASE_TOKENS = 3;
const TTL_MS = { '5m': 300_000, '1h': 3_600_000 } as const;

/** Counts a prompt's tokens, roughly, and finds its cache breakpoints. */
export function promptParts(body: JsonObject): { parts: PromptPart[]; inputTokens: number } {
  const blocks = [...cacheableBlocks(body)].map(({ block }) => block);
  let tokens = 0;
  const automatic = isObject(body['cache_control']) ? blocks.at(-1) : undefined;
  const hasBreakpoint = automatic !== undefined || blocks.some((block) => block['cache_control']);
  const parts: PromptPart[] = [];
  let digest = '';
  for (const block of blocks) {
    const { cache_control: control, ...content } = block;
    const text = JSON.stringify(content, withoutBinary);
    tokens += Math.ceil(text.length / CHARACTERS_PER_TOKEN) + binaryTokens(content);
    if (!hasBreakpoint) continue;
    digest = hash('sha256', digest + JSON.stringify(content));
    const cacheTtlMs = ttlMs(block === automatic ? body['cache_control'] : control);
    parts.push({ digest, tokensUpTo: tokens, cacheTtlMs });
  }
  return { parts, inputTokens: tokens + BASE_TOKENS };
}

function withoutBinary(key: string, value: unknown): unknown {
  return key === 'data' && typeof value === 'string' ? '' : value;
}

function binaryTokens(block: JsonObject): number {
  const source = block['source'];
  if (isObject(source)) return BINARY_TOKENS;
  return (
    objectsOf(block['content']).filter((inner) => isObject(inner['source'])).length * BINARY_TOKENS
  );
}

function ttlMs(control: unknown): number {
  if (!isObject(control)) return 0;
  return control['ttl'] === '1h' ? TTL_MS['1h'] : TTL_MS['5m'];
}
