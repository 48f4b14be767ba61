import { GatewayError } from '../../../schemas/error.ts';
import { textField } from '../../json.ts';
import type { Block, MessagesRequest, Turn } from '../../translation/messages-request.ts';
import { type ChatMessage, type ContentPart, contentOf, textPart } from './chat-message.ts';
import { afterCompaction } from './compaction.ts';
import { Conversation } from './conversation.ts';
import { startOfCurrentTurn } from './current-turn.ts';
import { encodeAssistant } from './encode-assistant.ts';
import { encodeBlock } from './encode-content.ts';
import { encodeSystemTurn, systemText } from './encode-system.ts';
import type { Encoding } from './encoding.ts';
import type { Place } from './impossible.ts';
import { encodeToolResult } from './tool-result.ts';

const ORPHAN_HEADER = 'Result of a tool call that is not in the conversation:';

/**
 * Encodes system and turns as the messages of a chat completion.
 *
 * @throws GatewayError `invalid_request_error` for what the server cannot read or do.
 */
export function encodeMessages(
  request: MessagesRequest,
  encoding: Encoding,
  systemNote: string | null,
): readonly ChatMessage[] {
  const turns = afterCompaction(request.turns, encoding.context.warnings);
  const currentStart = startOfCurrentTurn(turns);
  const conversation = new Conversation();
  for (const [index, turn] of turns.entries())
    addTurn(turn, { conversation, encoding, place: { isCurrent: index >= currentStart } });
  const messages = conversation.finish();
  if (messages.length === 0) {
    throw new GatewayError(
      'invalid_request_error',
      `messages: nothing is left that provider ${encoding.context.providerId} can read; send at least one text block`,
    );
  }
  refusePrefill(messages, encoding);
  return [...systemMessage(request.system, encoding, systemNote), ...messages];
}

interface Into {
  readonly conversation: Conversation;
  readonly encoding: Encoding;
  readonly place: Place;
}

function addTurn(turn: Turn, into: Into): void {
  const { conversation, encoding, place } = into;
  if (turn.role === 'assistant') {
    const encoded = encodeAssistant(turn, encoding, place);
    if (encoded !== null) conversation.addAssistant(encoded.message, encoded.toolUseIds);
  } else if (turn.role === 'system') {
    const { role, parts } = encodeSystemTurn(turn, encoding);
    conversation.add(role, parts);
  } else {
    for (const block of turn.blocks) addUserBlock(block, into);
  }
}

function addUserBlock(block: Block, { conversation, encoding, place }: Into): void {
  if (block.type !== 'tool_result') {
    conversation.add('user', encodeBlock(block, encoding, place));
    return;
  }
  const { content, media } = encodeToolResult(block, encoding, place);
  if (!conversation.answer(textField(block, 'tool_use_id') ?? '', content)) {
    const parts: readonly ContentPart[] =
      typeof content === 'string' ? [textPart(content)] : content;
    conversation.add('user', [textPart(ORPHAN_HEADER), ...parts]);
  }
  if (media.length > 0) conversation.add('user', [textPart('From the tool result:'), ...media]);
}

function systemMessage(
  system: readonly Block[],
  encoding: Encoding,
  note: string | null,
): readonly ChatMessage[] {
  const { systemRole } = encoding.context.flavour;
  const parts = [...systemText(system, encoding), ...(note === null ? [] : [textPart(note)])];
  return parts.length === 0 ? [] : [{ role: systemRole, content: contentOf(parts) }];
}

function refusePrefill(messages: readonly ChatMessage[], { context }: Encoding): void {
  const { flavour, model, providerId, upstreamModel } = context;
  if (messages.at(-1)?.role !== 'assistant' || flavour.acceptsPrefill || model.hasPrefill) return;
  throw new GatewayError(
    'invalid_request_error',
    `messages: This model does not support assistant message prefill. The conversation must end with a user message (${upstreamModel} at provider ${providerId}).`,
  );
}
