import { isJsonObject, textField } from '../../json.ts';
import type { Block } from '../../translation/messages-request.ts';
import { cacheControl } from './cache-hints.ts';
import { type ContentPart, textPart } from './chat-message.ts';
import { encodeDocument } from './encode-document.ts';
import { encodeImage } from './encode-image.ts';
import type { Encoding } from './encoding.ts';
import { impossible, type Place } from './impossible.ts';
import { readableText } from './readable-text.ts';

/** Encodes one block of user, system or tool-result content; empty when nothing of it can be sent. */
export function encodeBlock(
  block: Block,
  encoding: Encoding,
  place: Place,
): readonly ContentPart[] {
  const { warnings } = encoding.context;
  switch (block.type) {
    case 'text':
      return textOf(block, encoding);
    case 'image':
      return encodeImage(block, encoding, place);
    case 'document':
      return encodeDocument(block, encoding, place);
    case 'search_result':
      return [{ type: 'text', text: searchResultText(block), ...cacheControl(block, encoding) }];
    case 'tool_reference':
      return [textPart(`Tool loaded: ${toolName(block, encoding)}`)];
    case 'browser_state':
      return [textPart(JSON.stringify({ ...block, type: undefined, cache_control: undefined }))];
    case 'container_upload':
      return impossible('container_upload', 'files of a container', encoding.context, place);
    default: {
      // `input_text`, `output_text` and whatever comes next that is text all the same.
      const text = textField(block, 'text');
      warnings.add(`block ${block.type} ${text === null ? 'dropped' : 'sent as text'}`);
      return text === null ? [] : [textPart(text)];
    }
  }
}

function textOf(block: Block, encoding: Encoding): readonly ContentPart[] {
  const text = textField(block, 'text');
  if (text === null) return []; // servers refuse empty parts
  return [{ type: 'text', text, ...cacheControl(block, encoding) }];
}

function searchResultText(block: Block): string {
  return [textField(block, 'title'), textField(block, 'source'), readableText(block.content)]
    .filter((line) => line !== null && line !== '')
    .join('\n');
}

/** The name in a `tool_reference`, as the server knows the tool. */
export function toolName(reference: unknown, { toolNames }: Encoding): string {
  if (!isJsonObject(reference)) return '';
  // A tool result calls it `tool_name`, a tool change `name`.
  const name = textField(reference, 'tool_name') ?? textField(reference, 'name');
  return name === null ? '' : toolNames.encode(name);
}
