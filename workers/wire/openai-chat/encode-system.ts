import type { Block, Turn } from '../../translation/messages-request.ts';
import { cacheControl } from './cache-hints.ts';
import type { ContentPart } from './chat-message.ts';
import { encodeBlock, toolName } from './encode-content.ts';
import type { Encoding } from './encoding.ts';
import type { OpenaiFlavour } from './flavour.ts';
import { definitionOf } from './tool-changes.ts';

/** System content and the role that carries it. */
export interface EncodedSystem {
  readonly role: OpenaiFlavour['systemRole'];
  readonly parts: readonly ContentPart[];
}

/** The text parts of system blocks. */
export function systemText(blocks: readonly Block[], encoding: Encoding): readonly ContentPart[] {
  // Nothing but text may stand in a system message: a refusal would have no remedy.
  return blocks.flatMap((block) => encodeBlock(block, encoding, { isCurrent: false }));
}

/**
 * Encodes a system message inside the conversation: in place, or as a reminder in user text where the server wants
 * system messages first only. This is the form Claude Code itself falls back to.
 */
export function encodeSystemTurn({ blocks }: Turn, encoding: Encoding): EncodedSystem {
  const { systemFirstOnly, systemRole } = encoding.context.flavour;
  const parts = blocks.flatMap((block) =>
    block.type === 'tool_addition' || block.type === 'tool_removal'
      ? toolChange(block, encoding)
      : systemText([block], encoding),
  );
  if (!systemFirstOnly && systemRole !== 'user') return { role: systemRole, parts };
  return { role: 'user', parts: parts.map((part) => reminder(part)) };
}

function toolChange(block: Block, encoding: Encoding): readonly ContentPart[] {
  const name = toolName(definitionOf(block.tool) ?? block.tool, encoding);
  if (name === '') {
    encoding.context.warnings.add(`block ${block.type} dropped`);
    return [];
  }
  const change = block.type === 'tool_addition' ? 'now available' : 'no longer available';
  return [{ type: 'text', text: `Tool ${change}: ${name}`, ...cacheControl(block, encoding) }];
}

function reminder(part: ContentPart): ContentPart {
  if (part.type !== 'text') return part;
  return { ...part, text: `<system-reminder>\n${part.text}\n</system-reminder>` };
}
