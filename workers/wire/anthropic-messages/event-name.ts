/** The longest name that is looked at. */
const NAME_BYTES_MAX = 64;
const FIELD = Buffer.from('event: ');
const DELTA = Buffer.from('content_block_delta');
/** Where `content_block_delta` differs from every other event of Anthropic's. */
const DELTA_MARK_OFFSET = FIELD.length + DELTA.indexOf('delta');
const LETTER_C = 0x63;
const LETTER_D = 0x64;
const LETTER_E = 0x65;
const COLON = 0x3a;
const SPACE = 0x20;
const LF = 0x0a;
const CR = 0x0d;

/**
 * The name of an event that begins with its `event: ` field, as Anthropic's do; null for any other form.
 *
 * Deltas, which are nearly all events, are recognised by three bytes and the length of their name.
 */
export function eventName(bytes: Buffer, start: number, end: number): string | null {
  const nameStart = start + FIELD.length;
  if (nameStart >= end || bytes[start] !== LETTER_E) return null;
  if (bytes[nameStart - 2] !== COLON || bytes[nameStart - 1] !== SPACE) return null;
  if (
    isLineEnd(bytes[nameStart + DELTA.length]) &&
    bytes[nameStart] === LETTER_C &&
    bytes[start + DELTA_MARK_OFFSET] === LETTER_D
  ) {
    return 'content_block_delta';
  }
  let at = nameStart;
  while (at < end && at - nameStart < NAME_BYTES_MAX && !isLineEnd(bytes[at])) at++;
  return bytes.toString('latin1', nameStart, at);
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === LF || byte === CR;
}
