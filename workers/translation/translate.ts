import type { ToolStates } from '../../bus/tool-states.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import type { Translation, Work } from '../provider.ts';
import type { EncodeContext, EncodedRequest, ModelFacts } from './encode.ts';
import type { ThinkingDisplay } from './message-writer.ts';
import { type MessagesRequest, readMessagesRequest } from './messages-request.ts';
import { Warnings } from './warnings.ts';

/** Who a request is translated for. */
export interface TranslationTarget {
  readonly providerId: ProviderId;
  readonly upstreamModel: string;
  readonly model: ModelFacts;
}

/** A request that was read, and what an encoder needs beside it. */
export interface ReadWork {
  readonly request: MessagesRequest;
  readonly context: EncodeContext;
}

/**
 * Reads an attempt's body for an encoder, with the state that its tool calls left.
 *
 * @throws GatewayError `invalid_request_error` that names the field.
 */
export async function readWork(
  work: Work,
  target: TranslationTarget,
  toolStates: Pick<ToolStates, 'get'>,
): Promise<ReadWork> {
  const request = readMessagesRequest(work.body);
  const { facts } = work.dispatch;
  const known = await toolStates.get(toolUseIds(request));
  const own = [...known].filter(([, state]) => state.provider === target.providerId);
  const context: EncodeContext = {
    ...target,
    isStream: facts.isStream,
    sessionId: facts.sessionId,
    toolStates: new Map(own),
    warnings: new Warnings(),
  };
  return { request, context };
}

/** What the translation of a request means for its answer. */
export function translationOf(
  { request, context }: ReadWork,
  encoded: EncodedRequest,
): Translation {
  return {
    thinkingDisplay: thinkingDisplayOf(request.body),
    toolNames: encoded.toolNames,
    warnings: context.warnings.list,
  };
}

/** What a request asks to see of reasoning: without `thinking` nothing, as at Anthropic. */
export function thinkingDisplayOf({ thinking }: JsonObject): ThinkingDisplay {
  if (!isJsonObject(thinking) || thinking.type === 'disabled') return 'none';
  return thinking.display === 'omitted' ? 'omitted' : 'shown';
}

function toolUseIds({ turns }: MessagesRequest): string[] {
  const blocks = turns.flatMap(({ blocks: all }) => all);
  return blocks.flatMap(({ type, id }) =>
    type === 'tool_use' && typeof id === 'string' ? [id] : [],
  );
}
