import { LIMITS } from '../config/limits.ts';
import type { FieldSpan } from '../schemas/envelope.ts';
import { GatewayError } from '../schemas/error.ts';
import { type JsonScalar, readScalar, type TopLevelScan } from '../schemas/json-scan.ts';

// Longer texts are not what these fields hold; a JSON escape takes six bytes for one character.
const SCALAR_BYTES_MAX = LIMITS.modelNameCharactersMax * 6 + 2;
const TOKENS_MAX = 2 ** 31;
const MODEL_PATTERN = /^[A-Za-z0-9~][A-Za-z0-9._:@/~+-]*(?:\[1m\])?$/;
const OPEN_BRACKET = 0x5b;

/** A scanned request: its bytes and where its fields are. */
export interface ScannedRequest {
  readonly body: Uint8Array;
  readonly scan: TopLevelScan;
}

/** Returns the first field of this name; undefined when the request has none. */
export function fieldNamed(request: ScannedRequest, name: string): FieldSpan | undefined {
  return request.scan.fields.find((field) => field.name === name);
}

/**
 * Reads the model's name. It may hold `/` and `..`: whoever puts it into a path or subject escapes it.
 *
 * Throws GatewayError 400 when it is missing, no string or too long, and 404 in the API's own words
 * (`model: <name>`) when no model can be called so.
 */
export function readModel(request: ScannedRequest): string {
  const field = requiredField(request, 'model');
  const value = scalarOf(request, field);
  if (value === 'too long') {
    throw invalid(`model: String should have at most ${LIMITS.modelNameCharactersMax} characters`);
  }
  if (typeof value.scalar !== 'string') throw invalid('model: Input should be a valid string');
  const model = value.scalar;
  if (model === '') throw invalid('model: String should have at least 1 character');
  if (model.length > LIMITS.modelNameCharactersMax) {
    throw invalid(`model: String should have at most ${LIMITS.modelNameCharactersMax} characters`);
  }
  if (!MODEL_PATTERN.test(model)) {
    throw new GatewayError('not_found_error', `model: ${printable(model)}`);
  }
  return model;
}

/** Reads `stream`; false when it is missing. Throws GatewayError 400 when it is no boolean. */
export function readStream(request: ScannedRequest): boolean {
  const field = fieldNamed(request, 'stream');
  if (field === undefined) return false;
  const value = scalarOf(request, field);
  if (value === 'too long' || typeof value.scalar !== 'boolean') {
    throw invalid('stream: Input should be a valid boolean');
  }
  return value.scalar;
}

/**
 * Reads `max_tokens`, from 0 (a request that only warms the prompt cache) to 2³¹; null when it is missing.
 *
 * Throws GatewayError 400 when it is no integer or out of range.
 */
export function readMaxTokens(request: ScannedRequest): number | null {
  const field = fieldNamed(request, 'max_tokens');
  if (field === undefined) return null;
  const value = scalarOf(request, field);
  if (value === 'too long' || !Number.isInteger(value.scalar)) {
    throw invalid('max_tokens: Input should be a valid integer');
  }
  const tokens = Number(value.scalar);
  if (tokens < 0) throw invalid('max_tokens: Input should be greater than or equal to 0');
  if (tokens > TOKENS_MAX) {
    throw invalid(`max_tokens: Input should be less than or equal to ${TOKENS_MAX}`);
  }
  return tokens;
}

/** Counts the messages. Throws GatewayError 400 when there is no list of 1 to `messagesMax`. */
export function countMessages(request: ScannedRequest): number {
  const field = requiredField(request, 'messages');
  const count = countItems(request, field, LIMITS.messagesMax);
  if (count === 0) throw invalid('messages: at least one message is required');
  return count;
}

/** Counts the tools; 0 when the field is missing. Throws GatewayError 400 beyond `toolsMax`. */
export function countTools(request: ScannedRequest): number {
  const field = fieldNamed(request, 'tools');
  return field === undefined ? 0 : countItems(request, field, LIMITS.toolsMax);
}

/** Returns the required field. Throws GatewayError 400 `<name>: Field required`. */
export function requiredField(request: ScannedRequest, name: string): FieldSpan {
  const field = fieldNamed(request, name);
  if (field === undefined) throw invalid(`${name}: Field required`);
  return field;
}

/** Makes the error for a request that breaks the API's rules: 400 `invalid_request_error`. */
export function invalid(message: string): GatewayError {
  return new GatewayError('invalid_request_error', message);
}

function countItems(request: ScannedRequest, field: FieldSpan, max: number): number {
  if (request.body[field.valueStart] !== OPEN_BRACKET) {
    throw invalid(`${field.name}: Input should be a valid list`);
  }
  const count = request.scan.itemCounts[request.scan.fields.indexOf(field)] ?? 0;
  if (count > max) throw invalid(`${field.name}: List should have at most ${max} items`);
  return count;
}

function scalarOf(
  request: ScannedRequest,
  field: FieldSpan,
): 'too long' | { readonly scalar: JsonScalar | undefined } {
  if (field.valueEnd - field.valueStart > SCALAR_BYTES_MAX) return 'too long';
  return { scalar: readScalar(request.body, field) };
}

// The name goes back to who sent it, and from there to terminals and logs.
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, '?');
}
