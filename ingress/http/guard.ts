import { LIMITS } from '../../config/limits.ts';
import type { HeaderPair } from '../../schemas/envelope.ts';
import type { ErrorType } from '../../schemas/error.ts';

/** Why a request is refused before anybody reads it. */
export interface Refusal {
  readonly status: number;
  readonly type: ErrorType;
  readonly message: string;
  /**
   * True when it is not certain where this request ends and the next begins: the connection is closed, and nothing
   * that follows on it is looked at.
   */
  readonly isFramingInDoubt: boolean;
}

/** The parts of a request that the guard looks at. */
export interface GuardedRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: readonly HeaderPair[];
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\uffff]*$/;
const CONTENT_LENGTH = /^\d{1,9}$/;
const JSON_MEDIA_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-?8"?\s*)?;?\s*$/i;

/**
 * Checks what an HTTP parser may let through: the framing that request smuggling lives on, sizes, and media types.
 * Null = nothing to object to. Pure.
 *
 * A request with a body needs exactly one Content-Length of 1 to 9 digits and no Transfer-Encoding.
 * Source: reliability reference §2.3, §6.1.
 */
export function guard(request: GuardedRequest): Refusal | null {
  if (request.target.length > LIMITS.urlBytesMax) {
    return refuse(414, `the URL is longer than ${LIMITS.urlBytesMax} bytes`);
  }
  const { headers, method } = request;
  if (headers.length > LIMITS.headersMax) {
    return refuse(431, `more than ${LIMITS.headersMax} headers`, true);
  }
  let bytes = 0;
  let lengths = 0;
  let length = '';
  for (const [name, value] of headers) {
    bytes += name.length + value.length + 4;
    if (!TOKEN.test(name)) return refuse(400, 'a header name is invalid', true);
    if (!VALUE.test(value)) return refuse(400, `header ${name} has an invalid value`, true);
    if (name === 'transfer-encoding') {
      return refuse(411, 'Transfer-Encoding is not supported: send a Content-Length', true);
    }
    if (name === 'content-length') {
      lengths += 1;
      length = value;
    }
  }
  if (bytes > LIMITS.headerBytesMax) {
    return refuse(431, `the headers are larger than ${LIMITS.headerBytesMax} bytes`, true);
  }
  if (lengths > 1) return refuse(400, 'Content-Length is given more than once', true);
  if (lengths === 1 && !CONTENT_LENGTH.test(length)) {
    return refuse(400, 'Content-Length is not a number of 1 to 9 digits', true);
  }
  return method === 'POST' ? guardBody(headers, lengths) : null;
}

function guardBody(headers: readonly HeaderPair[], lengths: number): Refusal | null {
  if (lengths === 0) return refuse(411, 'Content-Length is missing', true);
  for (const [name, value] of headers) {
    if (name === 'content-encoding' && value.toLowerCase() !== 'identity') {
      return refuse(415, `Content-Encoding ${value.slice(0, 40)} is not supported: send identity`);
    }
    if (name === 'content-type' && !JSON_MEDIA_TYPE.test(value)) {
      return refuse(415, `Content-Type must be application/json, not ${value.slice(0, 80)}`);
    }
  }
  return null;
}

function refuse(status: number, message: string, isFramingInDoubt = false): Refusal {
  return { status, type: 'invalid_request_error', message, isFramingInDoubt };
}
