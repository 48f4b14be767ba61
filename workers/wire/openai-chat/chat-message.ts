import type { JsonObject } from '../../json.ts';

/** A piece of a message's content, as the server reads it. */
export type ContentPart =
  | { readonly type: 'text'; readonly text: string; readonly cache_control?: JsonObject }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: string } }
  | {
      readonly type: 'file';
      readonly file: { readonly filename: string; readonly file_data: string };
    };

/** A call of a tool within an assistant message. */
export interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

/** One message of the conversation. */
export interface ChatMessage {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  readonly content: string | readonly ContentPart[] | null;
  readonly tool_calls?: readonly ToolCall[];
  readonly tool_call_id?: string;
  readonly reasoning_details?: readonly unknown[];
  readonly reasoning_content?: string;
}

/** Text as a part. */
export function textPart(text: string): ContentPart {
  return { type: 'text', text };
}

/** Content in its plainest form: parts only where media or cache hints need them, for many servers know no others. */
export function contentOf(parts: readonly ContentPart[]): string | readonly ContentPart[] {
  const texts: string[] = [];
  for (const part of parts) {
    if (part.type !== 'text' || part.cache_control !== undefined) return parts;
    texts.push(part.text);
  }
  return texts.join('\n\n');
}
