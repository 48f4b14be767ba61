import { GatewayError } from '../../../schemas/error.ts';
import { type JsonObject, objectField, textField } from '../../json.ts';
import { type ContentPart, textPart } from './chat-message.ts';
import type { Encoding } from './encoding.ts';
import { impossible, type Place } from './impossible.ts';

const DEFAULT_MEDIA_TYPE = 'image/png';

/**
 * Encodes an image as an `image_url` part; a note stands for it where the model has no vision.
 *
 * @throws GatewayError `invalid_request_error` for uploaded files in the turn to be answered, and broken sources.
 */
export function encodeImage(
  block: JsonObject,
  { context }: Encoding,
  place: Place,
): readonly ContentPart[] {
  if (!context.model.hasImages) {
    context.warnings.add('image dropped: the model has no vision');
    return [textPart('[image omitted: model has no vision]')];
  }
  const source = objectField(block, 'source');
  const url = textField(source, 'url');
  if (source.type === 'url' && url !== null) return [{ type: 'image_url', image_url: { url } }];
  const data = textField(source, 'data');
  if (source.type === 'base64' && data !== null) {
    const mediaType = textField(source, 'media_type') ?? DEFAULT_MEDIA_TYPE;
    return [{ type: 'image_url', image_url: { url: `data:${mediaType};base64,${data}` } }];
  }
  if (source.type === 'file')
    return impossible('image.source.type file', 'uploaded files', context, place);
  throw new GatewayError(
    'invalid_request_error',
    'messages: image.source: Input should have type base64 with data, or url with url',
  );
}
