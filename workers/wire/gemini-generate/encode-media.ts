import { GatewayError } from '../../../schemas/error.ts';
import { type JsonObject, objectField, textField } from '../../json.ts';
import type { GeminiEncodeContext } from './encode-context.ts';

/** Where a block stands, for what can be done about one that Gemini does not take. */
export interface BlockScope {
  readonly context: GeminiEncodeContext;
  /**
   * True for what the user has just sent: it is refused, so that the user knows. Old turns and tool results are told
   * of in words instead: refusing them would end the session.
   */
  readonly isStrict: boolean;
}

/** What is wrong with a piece of media. */
interface MediaProblem {
  /** The request's field. */
  readonly field: string;
  readonly what: string;
  readonly fix: string;
}

/** Source: protocol reference §7.3, images. */
const IMAGE_TYPES: readonly string[] = [
  'image/png',
  'image/jpeg',
  'image/webp',
  'image/heic',
  'image/heif',
];
const IMAGE_TYPE_BY_ENDING: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  heic: 'image/heic',
  heif: 'image/heif',
  gif: 'image/gif',
};
const PDF_TYPE = 'application/pdf';

/** An image block as a part, or as words where Gemini cannot take it. */
export function encodeImage(block: JsonObject, scope: BlockScope): readonly JsonObject[] {
  const source = objectField(block, 'source');
  if (!scope.context.model.hasImages)
    return refused(scope, {
      field: 'image',
      what: 'an image',
      fix: 'describe it in words, or choose a model that sees images',
    });
  if (source.type === 'url') return linkedImage(textField(source, 'url') ?? '', scope);
  const data = textField(source, 'data');
  if (source.type !== 'base64' || data === null) return unreadable('image', source, scope);
  return inlineImage(textField(source, 'media_type') ?? '', data, scope);
}

/** The part of a PDF document, or words. */
export function encodePdf(source: JsonObject, scope: BlockScope): readonly JsonObject[] {
  const { context } = scope;
  if (!context.model.hasPdf)
    return refused(scope, {
      field: 'document',
      what: 'a PDF document',
      fix: 'send its text, or choose a model that reads PDF',
    });
  const data = textField(source, 'data');
  if (source.type === 'base64' && data !== null)
    return [{ inlineData: { mimeType: PDF_TYPE, data } }];
  const url = textField(source, 'url');
  if (source.type !== 'url' || url === null) return unreadable('document', source, scope);
  if (isFetchable(url)) return [{ fileData: { mimeType: PDF_TYPE, fileUri: url } }];
  return refused(scope, {
    field: 'document.source.url',
    what: 'a document that is neither at https nor at gs',
    fix: 'send it as base64',
  });
}

function linkedImage(url: string, scope: BlockScope): readonly JsonObject[] {
  const inline = /^data:([^;,]+);base64,(.+)$/s.exec(url);
  if (inline !== null) return inlineImage(inline[1] ?? '', inline[2] ?? '', scope);
  if (!isFetchable(url))
    return refused(scope, {
      field: 'image.source.url',
      what: 'an image that is neither at https nor at gs',
      fix: 'send it as base64',
    });
  const ending = /\.([a-z]{3,4})(?:[?#]|$)/i.exec(url)?.[1]?.toLowerCase() ?? '';
  // Google looks at the file itself; it only insists on an image type.
  const mimeType = IMAGE_TYPE_BY_ENDING[ending] ?? 'image/jpeg';
  if (!IMAGE_TYPES.includes(mimeType)) return refusedType(mimeType, scope);
  return [{ fileData: { mimeType, fileUri: url } }];
}

function inlineImage(type: string, data: string, scope: BlockScope): readonly JsonObject[] {
  const named = type.toLowerCase();
  const mimeType = named === 'image/jpg' ? 'image/jpeg' : named;
  if (!IMAGE_TYPES.includes(mimeType)) return refusedType(type, scope);
  return [{ inlineData: { mimeType, data } }];
}

function refusedType(type: string, scope: BlockScope): readonly JsonObject[] {
  return refused(scope, {
    field: 'image.source.media_type',
    what: type === '' ? 'an image without a media type' : type,
    fix: 'convert it to PNG, JPEG or WebP',
  });
}

/** A source that has nothing to read in it: a file id, or an unknown kind. */
export function unreadable(
  field: string,
  source: JsonObject,
  scope: BlockScope,
): readonly JsonObject[] {
  const type = textField(source, 'type') ?? 'missing';
  return refused(scope, {
    field: `${field}.source`,
    what: type === 'file' ? 'a file of the Files API' : `a source of type ${type.slice(0, 40)}`,
    fix: 'send it as base64',
  });
}

/** Refuses what the user has just sent, with a 400; elsewhere words take its place, and a warning tells of it. */
export function refused(
  { context, isStrict }: BlockScope,
  { field, what, fix }: MediaProblem,
): readonly JsonObject[] {
  const problem = `${context.providerId} does not take ${what}`;
  if (isStrict) throw new GatewayError('invalid_request_error', `${field}: ${problem}; ${fix}`);
  context.warnings.add(`${what} replaced by a note`);
  return [{ text: `[omitted: this model does not take ${what}; ${fix}]` }];
}

function isFetchable(url: string): boolean {
  return /^(?:https|gs):\/\//i.test(url);
}
