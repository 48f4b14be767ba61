import { isJsonObject, type JsonObject, objectField, textField } from '../../json.ts';
import type { Block } from '../../translation/messages-request.ts';
import { cacheControl } from './cache-hints.ts';
import { type ContentPart, textPart } from './chat-message.ts';
import { encodeImage } from './encode-image.ts';
import type { Encoding } from './encoding.ts';
import { impossible, type Place } from './impossible.ts';
import { readableText } from './readable-text.ts';

const PDF = 'application/pdf';
const DEFAULT_FILENAME = 'document.pdf';

/**
 * Encodes a document: text under its title and context, a PDF as a file part where the server takes one.
 *
 * @throws GatewayError `invalid_request_error` for what the server cannot read, in the turn to be answered.
 */
export function encodeDocument(
  block: Block,
  encoding: Encoding,
  place: Place,
): readonly ContentPart[] {
  const { context } = encoding;
  if (objectField(block, 'citations').enabled === true) context.warnings.add('citations dropped');
  const source = objectField(block, 'source');
  switch (source.type) {
    case 'text':
      return [documentText(block, textField(source, 'data') ?? '', encoding)];
    case 'content':
      return contentDocument(block, encoding, place);
    case 'base64':
      return encodePdf(block, encoding, place);
    case 'url':
      return encodePdf(block, encoding, place);
    default:
      return impossible(
        `document.source.type ${String(source.type)}`,
        'uploaded files',
        context,
        place,
      );
  }
}

function encodePdf(block: Block, encoding: Encoding, place: Place): readonly ContentPart[] {
  const { context } = encoding;
  const { flavour, model } = context;
  const source = objectField(block, 'source');
  const url = textField(source, 'url');
  const data = textField(source, 'data');
  const file_data =
    data === null ? url : `data:${textField(source, 'media_type') ?? PDF};base64,${data}`;
  // An address is read by servers that fetch files themselves; OpenAI takes data URLs only.
  const isReadable = flavour.acceptsFiles || (model.hasPdf && data !== null);
  if (!isReadable || file_data === null)
    return impossible(
      `document.source.type ${String(source.type)}`,
      'PDF documents',
      context,
      place,
    );
  const filename = textField(block, 'title') ?? DEFAULT_FILENAME;
  const about = textField(block, 'context');
  return [
    ...(about === null ? [] : [textPart(about)]),
    { type: 'file', file: { filename, file_data } },
  ];
}

function documentText(block: Block, text: string, encoding: Encoding): ContentPart {
  const header = [textField(block, 'title'), textField(block, 'context')].filter(
    (line) => line !== null,
  );
  return {
    type: 'text',
    text: [...header, text].join('\n'),
    ...cacheControl(block, encoding),
  };
}

function contentDocument(block: Block, encoding: Encoding, place: Place): readonly ContentPart[] {
  const { content } = objectField(block, 'source');
  const images = Array.isArray(content) ? content.filter(isImage) : [];
  return [
    documentText(block, readableText(content), encoding),
    ...images.flatMap((image) => encodeImage(image, encoding, place)),
  ];
}

function isImage(block: unknown): block is JsonObject {
  return isJsonObject(block) && block.type === 'image';
}
