import { isJsonObject, type JsonObject, textField } from '../../json.ts';

/** Blocks nest two or three deep; deeper is nonsense. */
const DEPTH_MAX = 6;
/** Fields of results that hold text, in the order they are read. */
const TEXT_FIELDS = [
  'title',
  'url',
  'tool_name',
  'text',
  'stdout',
  'stderr',
  'error_code',
] as const;
const NESTED_FIELDS = ['content', 'source', 'tool_references'] as const;

/**
 * The text inside content of any shape: a string, blocks, results of server tools; '' when there is none.
 *
 * Images, base64 and encrypted fields are left out.
 */
export function readableText(content: unknown, depth = 0): string {
  if (typeof content === 'string') return content;
  if (depth >= DEPTH_MAX) return '';
  if (Array.isArray(content)) {
    return joined(content.map((entry: unknown) => readableText(entry, depth + 1)));
  }
  return isJsonObject(content) ? objectText(content, depth) : '';
}

function objectText(object: JsonObject, depth: number): string {
  if (object.type === 'image') return ''; // its address is no text
  const texts = TEXT_FIELDS.map((name) => textField(object, name) ?? '');
  // `data` is text only in a source of plain text.
  if (object.type === 'text') texts.push(textField(object, 'data') ?? '');
  for (const name of NESTED_FIELDS) {
    // A `source` may also be an address.
    texts.push(readableText(object[name], depth + 1));
  }
  return joined(texts);
}

function joined(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join('\n');
}
