import type { ChatMessage, ContentPart } from './chat-message.ts';
import { contentOf } from './chat-message.ts';

/** A tool call that waits for its result. */
interface OpenCall {
  readonly id: string;
  result: ChatMessage['content'] | undefined;
}

/** Content of others than the assistant, between two of its messages. */
interface Aside {
  readonly role: 'system' | 'developer' | 'user';
  readonly parts: ContentPart[];
}

const INTERRUPTED = '[tool call was interrupted]';

/**
 * Orders messages as OpenAI's wire demands: every call of an assistant message is answered by one `tool` message
 * directly after it, and everything else that was said meanwhile comes after those.
 */
export class Conversation {
  readonly #messages: ChatMessage[] = [];
  #calls: OpenCall[] = [];
  /** Calls by `tool_use` id, in order: broken histories use one twice. */
  #byToolUseId = new Map<string, OpenCall[]>();
  #asides: Aside[] = [];

  /** Content of a user or system message; neighbours of one role become one message. */
  add(role: Aside['role'], parts: readonly ContentPart[]): void {
    if (parts.length === 0) return;
    const last = this.#asides.at(-1);
    if (last?.role === role && role === 'user') last.parts.push(...parts);
    else this.#asides.push({ role, parts: [...parts] });
  }

  /** An assistant message; `toolUseIds` are the client's ids of its calls, in their order. */
  addAssistant(message: ChatMessage, toolUseIds: readonly string[]): void {
    this.#settle();
    this.#messages.push(message);
    this.#calls = (message.tool_calls ?? []).map(({ id }) => ({ id, result: undefined }));
    for (const [index, call] of this.#calls.entries()) {
      const toolUseId = toolUseIds[index] ?? '';
      const waiting = this.#byToolUseId.get(toolUseId);
      if (waiting === undefined) this.#byToolUseId.set(toolUseId, [call]);
      else waiting.push(call);
    }
  }

  /** Answers a call of the last assistant message; false when none waits for it. */
  answer(toolUseId: string, content: ChatMessage['content']): boolean {
    const call = this.#byToolUseId.get(toolUseId)?.shift();
    if (call === undefined) return false;
    call.result = content;
    return true;
  }

  /** All messages in order. */
  finish(): readonly ChatMessage[] {
    this.#settle();
    return this.#messages;
  }

  #settle(): void {
    for (const { id, result } of this.#calls)
      this.#messages.push({ role: 'tool', tool_call_id: id, content: result ?? INTERRUPTED });
    for (const { role, parts } of this.#asides)
      this.#messages.push({ role, content: contentOf(parts) });
    this.#calls = [];
    this.#byToolUseId = new Map();
    this.#asides = [];
  }
}
