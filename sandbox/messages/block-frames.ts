import type { EventFrame } from '../event-stream.ts';
import type { ScriptBlock } from '../script/script.ts';

const PING: EventFrame = { event: 'ping', data: '{"type": "ping"}', tokens: 0 };

/** Events of all blocks, with the ping that the real API sends after the first block's start. */
export function blockFrames(blocks: readonly ScriptBlock[], toolUseId: () => string): EventFrame[] {
  const frames: EventFrame[] = [];
  for (const [index, block] of blocks.entries()) {
    frames.push(startFrame(index, block, toolUseId));
    if (index === 0) frames.push(PING);
    addDeltas(frames, index, block);
    frames.push(frame('content_block_stop', `"index":${index}`));
  }
  return frames;
}

/** One event whose data is `{"type":<type>,<fields>}`. */
export function frame(type: string, fields: string, tokens = 0): EventFrame {
  return { event: type, data: `{"type":"${type}"${fields === '' ? '' : ','}${fields}}`, tokens };
}

function startFrame(index: number, block: ScriptBlock, toolUseId: () => string): EventFrame {
  const start = (content: unknown, tokens = 0): EventFrame => {
    const fields = `"index":${index},"content_block":${JSON.stringify(content)}`;
    return frame('content_block_start', fields, tokens);
  };
  switch (block.type) {
    case 'text':
      return start({ type: 'text', text: '' });
    case 'thinking':
      return start({ type: 'thinking', thinking: '', signature: '' });
    case 'redacted_thinking':
      return start(block, Math.ceil(block.data.length / 4));
    case 'tool_use': {
      const { id, name } = block;
      const caller = { type: 'direct' };
      return start({ type: 'tool_use', id: id ?? toolUseId(), name, input: {}, caller });
    }
  }
}

function addDeltas(frames: EventFrame[], index: number, block: ScriptBlock): void {
  const add = (type: string, field: string, text: string, tokens: number): void => {
    const delta = `{"type":"${type}","${field}":${JSON.stringify(text)}}`;
    frames.push(frame('content_block_delta', `"index":${index},"delta":${delta}`, tokens));
  };
  switch (block.type) {
    case 'text':
      for (const chunk of block.chunks) add('text_delta', 'text', chunk, 1);
      break;
    case 'thinking':
      for (const chunk of block.chunks) add('thinking_delta', 'thinking', chunk, 1);
      add('signature_delta', 'signature', block.signature, block.hiddenTokens);
      break;
    case 'tool_use':
      add('input_json_delta', 'partial_json', '', 0);
      for (const chunk of block.chunks) add('input_json_delta', 'partial_json', chunk, 1);
      break;
    case 'redacted_thinking':
      break;
  }
}
