import { GatewayError } from '../../../schemas/error.ts';
import type { JsonObject } from '../../json.ts';
import type { Block, MessagesRequest, Turn } from '../../translation/messages-request.ts';
import type { GeminiEncodeContext } from './encode-context.ts';
import { encodeModelTurn } from './encode-model-turn.ts';
import { encodeBlock } from './encode-parts.ts';
import { encodeResults, type PendingCall } from './encode-results.ts';
import type { ToolNames } from './tool-names.ts';
import { groupTurns, isNewPrompt, type TurnGroup } from './turn-groups.ts';

/** One entry of `contents`. */
export interface Content {
  readonly role: 'user' | 'model';
  readonly parts: readonly JsonObject[];
}

/** What contents are encoded with. */
export interface ContentsOptions {
  readonly context: GeminiEncodeContext;
  readonly names: ToolNames;
}

/** Gemini wants the user to begin; a conversation that was cut may not. */
const MISSING_BEGINNING = '[The beginning of the conversation is missing.]';
const CONTINUE = 'Go on exactly where your last message ended; repeat none of it.';

/**
 * Encodes the conversation: roles alternate, the user begins, no part is empty, and the content after a model's
 * calls begins with exactly one functionResponse for each.
 *
 * @throws GatewayError `invalid_request_error` for what the user has just sent and Gemini cannot take, and when
 * nothing is left.
 */
export function encodeContents(
  { turns }: MessagesRequest,
  options: ContentsOptions,
): readonly Content[] {
  const groups = groupTurns(turns);
  const currentStart = groups.findLastIndex((_, index) => isNewPrompt(groups, index));
  const contents: Content[] = [];
  let calls: readonly PendingCall[] = [];
  for (const [index, group] of groups.entries()) {
    if (group.role === 'user') {
      const isLast = index === groups.length - 1;
      append(contents, 'user', encodeUserGroup(group, calls, { ...options, isLast }));
      calls = [];
    } else {
      const isCurrent = index > currentStart;
      const blocks = group.turns.flatMap((turn) => turn.blocks);
      const turn = encodeModelTurn(blocks, { ...options, isCurrent });
      append(contents, 'model', turn.parts);
      calls = turn.calls;
    }
  }
  if (calls.length > 0)
    append(contents, 'user', encodeResults(calls, [], { ...options, isStrict: false }));
  return bounded(contents, options.context);
}

function encodeUserGroup(
  { turns }: TurnGroup,
  calls: readonly PendingCall[],
  { context, isLast }: ContentsOptions & { isLast: boolean },
): readonly JsonObject[] {
  const results: Block[] = [];
  const others: JsonObject[] = [];
  for (const turn of turns) {
    if (turn.role === 'system') others.push(...encodeReminder(turn, context));
    else {
      for (const block of turn.blocks) {
        if (block.type === 'tool_result') results.push(block);
        else others.push(...encodeBlock(block, { context, isStrict: isLast }));
      }
    }
  }
  return [...encodeResults(calls, results, { context, isStrict: false }), ...others];
}

// Gemini's only instruction stands before the conversation: one in its midst is marked as Claude Code marks its own.
function encodeReminder({ blocks }: Turn, context: GeminiEncodeContext): readonly JsonObject[] {
  const parts = blocks.flatMap((block) => encodeBlock(block, { context, isStrict: false }));
  const texts = parts.flatMap(({ text }) => (typeof text === 'string' ? [text] : []));
  if (texts.length === 0) return [];
  return [{ text: `<system-reminder>\n${texts.join('\n')}\n</system-reminder>` }];
}

function append(contents: Content[], role: Content['role'], parts: readonly JsonObject[]): void {
  if (parts.length === 0) return;
  const last = contents.at(-1);
  if (last?.role !== role) contents.push({ role, parts });
  else contents[contents.length - 1] = { role, parts: [...last.parts, ...parts] };
}

function bounded(contents: Content[], context: GeminiEncodeContext): readonly Content[] {
  const first = contents[0];
  if (first === undefined)
    throw new GatewayError(
      'invalid_request_error',
      `messages: nothing in them can be sent to ${context.providerId}; add a message with text`,
    );
  if (first.role === 'model')
    contents.unshift({ role: 'user', parts: [{ text: MISSING_BEGINNING }] });
  if (contents.at(-1)?.role === 'model' && !context.model.hasPrefill) {
    contents.push({ role: 'user', parts: [{ text: CONTINUE }] });
    context.warnings.add('prefill turned into a request to go on');
  }
  return contents;
}
