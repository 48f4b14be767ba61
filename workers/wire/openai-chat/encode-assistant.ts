import { textField } from '../../json.ts';
import type { Block, Turn } from '../../translation/messages-request.ts';
import type { ChatMessage, ToolCall } from './chat-message.ts';
import type { Encoding } from './encoding.ts';
import type { Place } from './impossible.ts';
import { readableText } from './readable-text.ts';
import { replayReasoning } from './reasoning-replay.ts';

/** An assistant message and the client's ids of its calls, in their order. */
export interface EncodedAssistant {
  readonly message: ChatMessage;
  readonly toolUseIds: readonly string[];
}

interface Parts {
  /** Runs of text: blocks that touch each other and were cut by citations only are one run. */
  readonly texts: string[];
  readonly calls: Block[];
  readonly thinking: Block[];
}

/** Encodes an assistant turn as one message: its text, then its calls; null when nothing of it can be sent. */
export function encodeAssistant(
  turn: Turn,
  encoding: Encoding,
  { isCurrent }: Place,
): EncodedAssistant | null {
  const { texts, calls, thinking } = partsOf(turn, encoding);
  const text = texts.join('\n\n');
  if (text === '' && calls.length === 0) return null;
  const toolUseIds = calls.map((block) => textField(block, 'id') ?? '');
  const reasoning = replayReasoning({ thinking, toolUseIds, isCurrent }, encoding.context);
  const toolCalls = calls.map((block, index) => toolCall(block, toolUseIds[index] ?? '', encoding));
  const empty = encoding.context.flavour.emptyContent === 'null' ? null : '';
  const message: ChatMessage = {
    role: 'assistant',
    content: text === '' ? empty : text,
    ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
    ...reasoning,
  };
  return { message, toolUseIds };
}

function partsOf({ blocks }: Turn, encoding: Encoding): Parts {
  const parts: Parts = { texts: [], calls: [], thinking: [] };
  let before: Block | null = null;
  for (const block of blocks) {
    addBlock(block, { parts, isSameRun: before !== null && isOneRun(before, block) }, encoding);
    before = block;
  }
  return parts;
}

function isOneRun(before: Block, block: Block): boolean {
  if (before.type !== 'text' || block.type !== 'text') return false;
  return Array.isArray(before.citations) || Array.isArray(block.citations);
}

function addBlock(
  block: Block,
  { parts, isSameRun }: { readonly parts: Parts; readonly isSameRun: boolean },
  { context: { warnings } }: Encoding,
): void {
  const { texts, calls, thinking } = parts;
  switch (block.type) {
    case 'text': {
      const text = textField(block, 'text');
      if (text === null) return;
      if (isSameRun && texts.length > 0) texts.push(`${texts.pop() ?? ''}${text}`);
      else texts.push(text);
      return;
    }
    case 'tool_use':
      calls.push(block);
      return;
    case 'thinking':
    case 'redacted_thinking':
      thinking.push(block);
      return;
    default: {
      // What a server tool found is worth keeping; the calls of such tools are not.
      const text = block.type.endsWith('_tool_result') ? readableText(block.content) : '';
      warnings.add(`block ${block.type} ${text === '' ? 'dropped' : 'sent as text'}`);
      if (text !== '') texts.push(text);
    }
  }
}

function toolCall(block: Block, toolUseId: string, { toolIds, toolNames }: Encoding): ToolCall {
  const name = typeof block.name === 'string' ? block.name : '';
  return {
    id: toolIds.next(toolUseId),
    type: 'function',
    function: { name: toolNames.encode(name), arguments: JSON.stringify(block.input ?? {}) },
  };
}
