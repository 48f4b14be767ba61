/**
 * Why a body was refused: `syntax` = not one JSON object, `encoding` = not UTF-8, `limit` = JSON beyond our bounds,
 * `duplicate` = a routing field stands twice.
 */
export type JsonScanErrorKind = 'syntax' | 'encoding' | 'limit' | 'duplicate';

/**
 * A body that the scanner does not accept.
 *
 * The message says what is wrong and never quotes the body: it goes to clients and logs.
 */
export class JsonScanError extends Error {
  override readonly name = 'JsonScanError';
  readonly kind: JsonScanErrorKind;
  /** Byte offset of the first byte that is wrong; the body's length when it ends too early. */
  readonly offset: number;

  constructor(kind: JsonScanErrorKind, message: string, offset: number) {
    super(message);
    this.kind = kind;
    this.offset = offset;
  }
}
