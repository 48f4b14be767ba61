import {
  isJsonObject,
  type JsonObject,
  numberField,
  objectField,
  parseJson,
  textField,
} from '../json.ts';

/** What an upstream's error answer says, whatever its dialect. */
export interface UpstreamProblem {
  /** The upstream's words; empty when it sent none that a person can read. */
  readonly message: string;
  /** HTTP status given in the body, where it holds one. */
  readonly bodyStatus: number | null;
  /** The upstream's word for the kind of error: Anthropic's type, Google's status, OpenAI's code. */
  readonly code: string | null;
  /** The `error` object itself: retry hints are in there. */
  readonly error: JsonObject;
  /** True when the body is Anthropic's error envelope. */
  readonly isAnthropic: boolean;
  readonly isHtml: boolean;
}

/** Longer messages are cut: plain text bodies may be anything. */
const MESSAGE_CHARS_MAX = 2_000;

/**
 * Reads an error body: Anthropic's envelope, Google's (also in an array), OpenAI's, OpenRouter's (whose real message
 * hides in `metadata.raw`), `{"error": "text"}`, `{"detail"}` (FastAPI's list of fields too), `{"message"}`, HTML and plain text.
 */
export function parseUpstreamProblem(text: string): UpstreamProblem {
  const trimmed = text.trim();
  const parsed = parseJson(trimmed);
  const body = Array.isArray(parsed) ? parsed.find(isJsonObject) : parsed;
  return isJsonObject(body) ? problemOf(body) : plainProblem(trimmed);
}

/** Reads an error body that was parsed already. */
export function problemOf(body: JsonObject): UpstreamProblem {
  const { error } = body;
  if (!isJsonObject(error)) return flatProblem(body);
  const isAnthropic =
    body.type === 'error' && typeof error.type === 'string' && typeof error.message === 'string';
  return {
    message: clipped(innerMessage(error) ?? textField(error, 'message') ?? ''),
    bodyStatus: httpStatus(
      numberField(error, 'code') ??
        numberField(error, 'status_code') ??
        numberField(error, 'status') ??
        numberText(error, 'code'),
    ),
    code: isAnthropic ? textField(error, 'type') : wordOf(error),
    error,
    isAnthropic,
    isHtml: false,
  };
}

// OpenRouter wraps what its own upstream said, as text that may be JSON again.
function innerMessage(error: JsonObject): string | null {
  const metadata = objectField(error, 'metadata');
  const raw = textField(metadata, 'raw');
  if (raw === null) return null;
  const inner = parseJson(raw);
  const innerError = isJsonObject(inner) ? inner.error : undefined;
  const said = isJsonObject(innerError)
    ? textField(innerError, 'message')
    : isJsonObject(inner)
      ? textField(inner, 'message')
      : raw;
  if (said === null) return null;
  const providerName = textField(metadata, 'provider_name');
  return providerName === null ? said : `${providerName}: ${said}`;
}

function wordOf(error: JsonObject): string | null {
  return (
    textField(objectField(error, 'metadata'), 'error_type') ??
    textField(error, 'status') ??
    textField(error, 'code') ??
    textField(error, 'type')
  );
}

function flatProblem(body: JsonObject): UpstreamProblem {
  const message = textField(body, 'error') ?? textField(body, 'message') ?? detailText(body) ?? '';
  return {
    message: clipped(message),
    bodyStatus: httpStatus(numberField(body, 'status') ?? numberField(body, 'code')),
    code: textField(body, 'code') ?? textField(body, 'type'),
    error: body,
    isAnthropic: false,
    isHtml: false,
  };
}

// FastAPI lists what is wrong with each field; Mistral has that list in its message.
function detailText(body: JsonObject): string | null {
  const detail = body.detail ?? objectField(body, 'message').detail;
  if (typeof detail === 'string') return detail === '' ? null : detail;
  if (isJsonObject(detail)) return textField(detail, 'message') ?? textField(detail, 'error');
  if (!Array.isArray(detail)) return null;
  const problems = detail.filter(isJsonObject).map(({ loc, msg }) => {
    const where = Array.isArray(loc) ? `${loc.join('.')}: ` : '';
    return `${where}${typeof msg === 'string' ? msg : 'invalid'}`;
  });
  return problems.length === 0 ? null : problems.join('; ');
}

// Azure writes its statuses as text.
function numberText(error: JsonObject, name: string): number | null {
  const text = textField(error, name);
  return text !== null && /^\d{3}$/.test(text) ? Number(text) : null;
}

function plainProblem(text: string): UpstreamProblem {
  const isHtml = text.startsWith('<');
  return {
    message: isHtml ? '' : clipped(text),
    bodyStatus: null,
    code: null,
    error: {},
    isAnthropic: false,
    isHtml,
  };
}

function httpStatus(value: number | null): number | null {
  return value !== null && Number.isInteger(value) && value >= 400 && value < 600 ? value : null;
}

function clipped(text: string): string {
  return text.length > MESSAGE_CHARS_MAX ? `${text.slice(0, MESSAGE_CHARS_MAX)}…` : text;
}
