import { isJsonObject } from '../../json.ts';
import type { Block } from '../../translation/messages-request.ts';
import { cacheControl } from './cache-hints.ts';
import { type ContentPart, contentOf, textPart } from './chat-message.ts';
import { encodeBlock, toolName } from './encode-content.ts';
import type { Encoding } from './encoding.ts';
import type { Place } from './impossible.ts';

/** A tool result, cut in two: what a `tool` message can hold, and media, which only user messages can. */
export interface EncodedResult {
  readonly content: string | readonly ContentPart[];
  /** Parts for the user message that follows; empty when the result is text only. */
  readonly media: readonly ContentPart[];
}

const EMPTY_RESULT = '(empty)';
const ERROR_PREFIX = 'Error: ';

/** Encodes a tool result of any shape; there is always content. */
export function encodeToolResult(block: Block, encoding: Encoding, place: Place): EncodedResult {
  const texts: string[] = [];
  const media: ContentPart[] = [];
  for (const part of partsOf(block, encoding, place)) {
    if (part.type === 'text') texts.push(part.text);
    else {
      media.push(part);
      texts.push(
        `[${part.type === 'file' ? 'file' : 'image'} ${media.length}: in the next message]`,
      );
    }
  }
  const joined = texts.join('\n\n');
  const text = `${block.is_error === true ? ERROR_PREFIX : ''}${joined === '' ? EMPTY_RESULT : joined}`;
  return { content: contentOf([{ type: 'text', text, ...cacheControl(block, encoding) }]), media };
}

function partsOf(block: Block, encoding: Encoding, place: Place): readonly ContentPart[] {
  const { content } = block;
  if (content === undefined || content === null || content === '') return [];
  if (typeof content === 'string') return [textPart(content)];
  // Tools write what they like: a number or an object is told as it is.
  if (!Array.isArray(content)) return [textPart(JSON.stringify(content))];
  const parts: ContentPart[] = [];
  const loaded: string[] = [];
  for (const inner of content as readonly unknown[]) {
    if (!isBlock(inner)) parts.push(textPart(JSON.stringify(inner)));
    else if (inner.type === 'tool_reference') loaded.push(toolName(inner, encoding));
    else parts.push(...encodeBlock(inner, encoding, place));
  }
  if (loaded.length > 0) parts.push(textPart(`Tools loaded: ${loaded.join(', ')}`));
  return parts;
}

function isBlock(value: unknown): value is Block {
  return isJsonObject(value) && typeof value.type === 'string';
}
