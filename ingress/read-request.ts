import { LIMITS } from '../config/limits.ts';
import type { FieldSpan, Operation, RequestFacts } from '../schemas/envelope.ts';
import { GatewayError } from '../schemas/error.ts';
import { scanTopLevel, type TopLevelScan, type TopLevelScanOptions } from '../schemas/json-scan.ts';
import { JsonScanError } from '../schemas/json-scan-error.ts';
import { estimateInputTokens } from './input-estimate.ts';
import { readRequestClass } from './request-class.ts';
import {
  countMessages,
  countTools,
  fieldNamed,
  invalid,
  readMaxTokens,
  readModel,
  readStream,
  type ScannedRequest,
} from './request-fields.ts';
import { readMedia } from './request-media.ts';
import { hasWebSearchTool, readCacheTtlMs } from './request-shape.ts';

// Two readers of one body could see two values in these: the router one, the provider another.
const UNIQUE_FIELDS = ['model', 'stream', 'max_tokens', 'messages', 'system', 'tools', 'metadata'];
const SCAN_OPTIONS: TopLevelScanOptions = {
  jsonDepthMax: LIMITS.jsonDepthMax,
  jsonKeysPerObjectMax: LIMITS.jsonKeysPerObjectMax,
  topLevelFieldsMax: LIMITS.topLevelFieldsMax,
  topLevelFieldNameBytesMax: LIMITS.topLevelFieldNameBytesMax,
  uniqueFields: UNIQUE_FIELDS,
};
// `{"type":"adaptive","display":"omitted"}` and its like; a longer one is not worth parsing for a routing fact.
const THINKING_BYTES_MAX = 4_096;
const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,199}$/;
const OPEN_BRACE = 0x7b;

/** What `readMessagesRequest` needs beside the body. */
export interface ReadRequestOptions {
  readonly operation: Operation;
  /** The first header of this name (lower case). */
  readonly header: (name: string) => string | undefined;
}

/** A request that was read: what routing may look at, and where its fields are. */
export interface MessagesRequest {
  readonly facts: RequestFacts;
  readonly fields: readonly FieldSpan[];
}

/**
 * Reads the routing facts of a Messages request from its bytes; the rest of the body stays unread.
 *
 * Strict about the document (UTF-8, JSON, no routing field twice) and about the fields it reads; every other field is
 * the provider's business. Throws GatewayError 400 that names the field in Anthropic's wording, 404 for a model name
 * that cannot exist, 415 for a body that is not plain JSON.
 */
export function readMessagesRequest(
  body: Uint8Array,
  options: ReadRequestOptions,
): MessagesRequest {
  checkContentHeaders(options.header);
  const request: ScannedRequest = { body, scan: scan(body) };
  const requestModel = readModel(request);
  const maxTokens = readMaxTokens(request);
  if (maxTokens === null && options.operation === 'messages') {
    throw invalid('max_tokens: Field required');
  }
  countMessages(request);
  const toolCount = countTools(request);
  const hasTools = toolCount > 0;
  const hasWebSearch = hasTools && hasWebSearchTool(request);
  const { hasImages, files } = readMedia(body);
  return {
    facts: {
      operation: options.operation,
      requestModel,
      isStream: readStream(request),
      maxOutputTokens: maxTokens ?? 0,
      bodyBytes: body.length,
      hasTools,
      hasThinking: hasThinking(request),
      sessionId: harmlessId(options.header('x-claude-code-session-id')),
      agentId: harmlessId(options.header('x-claude-code-agent-id')),
      hasImages,
      hasWebSearch,
      requestClass: readRequestClass(request, { toolCount, hasWebSearch }, options.header),
      cacheTtlMs: readCacheTtlMs(request),
      inputTokensEstimate: estimateInputTokens(body, request.scan.fields, { files, hasTools }),
    },
    fields: request.scan.fields,
  };
}

// A page in a browser can send text and forms to this machine without asking, but not JSON.
function checkContentHeaders(header: ReadRequestOptions['header']): void {
  const encoding = header('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity') {
    throw new GatewayError(
      'invalid_request_error',
      'content-encoding: only identity is supported; send the body uncompressed',
      { status: 415 },
    );
  }
  const type = header('content-type') ?? 'application/json';
  if (!/^application\/json\s*(?:;|$)/i.test(type)) {
    throw new GatewayError('invalid_request_error', 'content-type: must be application/json', {
      status: 415,
    });
  }
}

function scan(body: Uint8Array): TopLevelScan {
  try {
    return scanTopLevel(body, SCAN_OPTIONS);
  } catch (error) {
    if (!(error instanceof JsonScanError)) throw error;
    const place = `${error.message} at byte ${error.offset}`;
    const isSyntax = error.kind === 'syntax' || error.kind === 'encoding';
    throw invalid(isSyntax ? `The request body is not valid JSON: ${place}` : place);
  }
}

function hasThinking(request: ScannedRequest): boolean {
  const field = fieldNamed(request, 'thinking');
  if (field === undefined || request.body[field.valueStart] !== OPEN_BRACE) return false;
  if (field.valueEnd - field.valueStart > THINKING_BYTES_MAX) return true;
  const bytes = request.body.subarray(field.valueStart, field.valueEnd);
  const thinking: { readonly type?: unknown } = JSON.parse(Buffer.from(bytes).toString());
  return thinking.type !== 'disabled';
}

function harmlessId(header: string | undefined): string | null {
  return header !== undefined && ID_PATTERN.test(header) ? header : null;
}
