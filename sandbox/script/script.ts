import type { ScriptedBlock, StopReason } from '../behaviour.ts';
import { toChunks } from './chunks.ts';

/** A block of an answer, cut into chunks. One chunk is one token and, streamed, one delta. */
export type ScriptBlock =
  | { readonly type: 'text'; readonly chunks: readonly string[] }
  | {
      readonly type: 'thinking';
      readonly chunks: readonly string[];
      /** Tokens that are counted though the text is left out. */
      readonly hiddenTokens: number;
      readonly signature: string;
    }
  | { readonly type: 'redacted_thinking'; readonly data: string }
  | {
      readonly type: 'tool_use';
      /** null = the dialect makes one for every answer. */
      readonly id: string | null;
      readonly name: string;
      readonly input: Readonly<Record<string, unknown>>;
      /** The input as JSON. */
      readonly chunks: readonly string[];
    };

/** What to answer, in no wire's format. */
export interface Script {
  readonly blocks: readonly ScriptBlock[];
  readonly stopReason: StopReason;
  readonly stopSequence: string | null;
  readonly outputTokens: number;
  readonly thinkingTokens: number;
}

/** Makes a script of whole blocks. `sign` makes the signature of a thinking block that has none. */
export function toScript(
  blocks: readonly ScriptedBlock[],
  sign: (thinking: string) => string,
): Script {
  return scriptOf(blocks.map((block) => toScriptBlock(block, sign)));
}

/** Counts the tokens and sets the stop reason that the blocks call for. */
export function scriptOf(blocks: readonly ScriptBlock[]): Script {
  let outputTokens = 0;
  let thinkingTokens = 0;
  for (const block of blocks) {
    const tokens = blockTokens(block);
    outputTokens += tokens;
    if (block.type === 'thinking' || block.type === 'redacted_thinking') thinkingTokens += tokens;
  }
  const stopReason = blocks.some(({ type }) => type === 'tool_use') ? 'tool_use' : 'end_turn';
  return { blocks, stopReason, stopSequence: null, outputTokens, thinkingTokens };
}

/** Tokens of one block. */
export function blockTokens(block: ScriptBlock): number {
  if (block.type === 'redacted_thinking') return Math.ceil(block.data.length / 4);
  return block.chunks.length + (block.type === 'thinking' ? block.hiddenTokens : 0);
}

function toScriptBlock(block: ScriptedBlock, sign: (thinking: string) => string): ScriptBlock {
  switch (block.type) {
    case 'text':
      return { type: 'text', chunks: toChunks(block.text) };
    case 'thinking': {
      const signature = block.signature ?? sign(block.thinking);
      return { type: 'thinking', chunks: toChunks(block.thinking), hiddenTokens: 0, signature };
    }
    case 'redacted_thinking':
      return block;
    case 'tool_use': {
      const { name, input } = block;
      const chunks = Object.keys(input).length === 0 ? [] : toChunks(JSON.stringify(input));
      return { type: 'tool_use', id: block.id ?? null, name, input, chunks };
    }
  }
}
