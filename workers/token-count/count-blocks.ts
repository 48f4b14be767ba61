import { isJsonObject, type JsonObject, objectField, textField } from '../json.ts';
import type { CountContext } from './count-prompt.ts';
import { spacedJson } from './count-tools.ts';
import { IMAGE_TOKENS_MAX, imageTokens } from './image-tokens.ts';
import { PDF_PAGE_TOKENS, pdfTokens } from './pdf-tokens.ts';

/** How a message's blocks are counted. */
export interface ContentOptions {
  /** Whether thinking in it reaches the model. */
  readonly withThinking: boolean;
}

// `encrypted_content` of search results stands for a page: 14 KB of it cost 6,700 tokens (recording
// `web-search-stream`).
const ENCRYPTED_CHARACTERS_PER_TOKEN = 2.1;
// Keys whose values the model does not see.
const UNSEEN_KEYS = new Set(['type', 'cache_control', 'signature', 'id', 'tool_use_id', 'file_id']);

/** Estimates the tokens of content blocks, and notes what else in a request depends on them. */
export class BlockCounter {
  /** Names of the deferred tools that the conversation has loaded. */
  readonly loadedTools = new Set<string>();
  /** True when a document or search result asked for citations. */
  hasCitations = false;
  readonly #context: CountContext;

  constructor(context: CountContext) {
    this.#context = context;
  }

  /** Tokens of a content: a string, or blocks. */
  content(content: unknown, options: ContentOptions): number {
    if (typeof content === 'string') return this.#text(content);
    if (!Array.isArray(content)) return 0;
    let tokens = 0;
    for (const block of content) {
      if (isJsonObject(block)) tokens += this.#block(block, options);
    }
    return tokens;
  }

  #block(block: JsonObject, options: ContentOptions): number {
    const { costs } = this.#context;
    if (objectField(block, 'citations')['enabled'] === true) this.hasCitations = true;
    switch (block['type']) {
      case 'text':
        return this.#text(block['text']);
      case 'thinking':
        return options.withThinking ? this.#text(block['thinking']) : 0;
      case 'redacted_thinking':
        return options.withThinking ? encryptedTokens(block['data']) : 0;
      case 'tool_use':
      case 'server_tool_use':
      case 'mcp_tool_use':
        return costs.perToolUse + this.#text(block['name']) + this.#json(block['input']);
      case 'tool_result':
      case 'mcp_tool_result':
        return costs.perToolResult + this.content(block['content'], options);
      case 'tool_reference':
        this.loadedTools.add(textField(block, 'tool_name') ?? '');
        return this.#text(block['tool_name']);
      case 'image':
        return sourceOf(block)['type'] === 'base64'
          ? imageTokens(textField(sourceOf(block), 'data') ?? '')
          : IMAGE_TOKENS_MAX;
      case 'document':
        return this.#document(block, options);
      default:
        return this.#anything(block);
    }
  }

  #document(block: JsonObject, options: ContentOptions): number {
    const source = sourceOf(block);
    const around = this.#text(block['title']) + this.#text(block['context']);
    switch (source['type']) {
      case 'text':
        return around + this.#text(source['data']);
      case 'content':
        return around + this.content(source['content'], options);
      case 'base64':
        return around + pdfTokens(textField(source, 'data') ?? '');
      default:
        return around + PDF_PAGE_TOKENS;
    }
  }

  // Search results, results of server tools, and what is not known yet: the texts in it.
  #anything(value: unknown): number {
    if (typeof value === 'string') return this.#text(value);
    if (Array.isArray(value)) {
      return value.reduce((tokens: number, item) => tokens + this.#anything(item), 0);
    }
    if (!isJsonObject(value)) return 0;
    if (value['type'] === 'image' || value['type'] === 'document') {
      return this.#block(value, { withThinking: false });
    }
    let tokens = 0;
    for (const [key, item] of Object.entries(value)) {
      if (UNSEEN_KEYS.has(key)) continue;
      tokens += key.startsWith('encrypted_') ? encryptedTokens(item) : this.#anything(item);
    }
    return tokens;
  }

  #text(text: unknown): number {
    return typeof text === 'string' ? this.#context.meter.count(text) : 0;
  }

  #json(value: unknown): number {
    return value === undefined ? 0 : this.#context.meter.count(spacedJson(value));
  }
}

function sourceOf(block: JsonObject): JsonObject {
  return objectField(block, 'source');
}

function encryptedTokens(data: unknown): number {
  return typeof data === 'string' ? data.length / ENCRYPTED_CHARACTERS_PER_TOKEN : 0;
}
