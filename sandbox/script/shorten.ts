import { toChunks } from './chunks.ts';
import type { Prompt } from './prompt.ts';
import { blockTokens, type Script, type ScriptBlock, scriptOf } from './script.ts';

/** Ends a script where the prompt's stop sequences and its token limit end it. */
export function shorten(script: Script, prompt: Prompt): Script {
  const stopped = stopAtSequence(script, prompt.stopSequences);
  return stopped.outputTokens > prompt.maxTokens
    ? stopAtTokens(stopped, prompt.maxTokens)
    : stopped;
}

function stopAtSequence(script: Script, sequences: readonly string[]): Script {
  if (sequences.length === 0) return script;
  for (const [index, block] of script.blocks.entries()) {
    if (block.type !== 'text') continue;
    const text = block.chunks.join('');
    const found = firstSequence(text, sequences);
    if (found === null) continue;
    const last: ScriptBlock = { type: 'text', chunks: toChunks(text.slice(0, found.at)) };
    const shorter = scriptOf([...script.blocks.slice(0, index), last]);
    return { ...shorter, stopReason: 'stop_sequence', stopSequence: found.sequence };
  }
  return script;
}

function firstSequence(
  text: string,
  sequences: readonly string[],
): { at: number; sequence: string } | null {
  let first: { at: number; sequence: string } | null = null;
  for (const sequence of sequences) {
    const at = sequence === '' ? -1 : text.indexOf(sequence);
    if (at !== -1 && (first === null || at < first.at)) first = { at, sequence };
  }
  return first;
}

function stopAtTokens(script: Script, tokensMax: number): Script {
  const blocks: ScriptBlock[] = [];
  let left = tokensMax;
  for (const block of script.blocks) {
    if (left <= 0) break;
    const tokens = blockTokens(block);
    if (tokens <= left) blocks.push(block);
    else if (block.type === 'text') blocks.push({ ...block, chunks: block.chunks.slice(0, left) });
    // A call that is cut has no whole input, and thinking that is cut no signature: neither is shown.
    left -= tokens;
  }
  return { ...scriptOf(blocks), stopReason: 'max_tokens', outputTokens: tokensMax };
}
