import type { ToolState } from '../../../schemas/tool-state.ts';
import type { EncodeContext, ModelFacts } from '../../../workers/translation/encode.ts';
import { readMessagesRequest } from '../../../workers/translation/messages-request.ts';
import { Warnings } from '../../../workers/translation/warnings.ts';
import type { GeminiEncodeContext } from '../../../workers/wire/gemini-generate/encode-context.ts';
import {
  encodeGeminiCount,
  encodeGeminiRequest,
} from '../../../workers/wire/gemini-generate/encode-request.ts';

/** A part as tests read it. */
export interface TestPart {
  readonly text?: string;
  readonly thought?: boolean;
  readonly thoughtSignature?: string;
  readonly inlineData?: { readonly mimeType: string; readonly data: string };
  readonly fileData?: { readonly mimeType: string; readonly fileUri: string };
  readonly functionCall?: { readonly id?: string; readonly name: string; readonly args: object };
  readonly functionResponse?: {
    readonly id?: string;
    readonly name: string;
    readonly response: { readonly output?: string; readonly error?: string };
    readonly parts?: readonly TestPart[];
  };
}

/** A request to Gemini as tests read it. */
export interface TestRequest {
  readonly contents: readonly { readonly role: string; readonly parts: readonly TestPart[] }[];
  readonly systemInstruction?: { readonly parts: readonly TestPart[] };
  readonly tools?: readonly {
    readonly functionDeclarations?: readonly Record<string, unknown>[];
    readonly [tool: string]: unknown;
  }[];
  readonly toolConfig?: { readonly functionCallingConfig: object };
  readonly generationConfig: Record<string, unknown> & {
    readonly thinkingConfig?: Record<string, unknown>;
  };
  readonly safetySettings?: readonly object[];
}

/** What an encoded request left behind. */
export interface Encoded {
  readonly request: TestRequest;
  readonly warnings: readonly string[];
  readonly toolNames: ReadonlyMap<string, string>;
}

/** How a test departs from a plain Gemini 3 model. */
export interface EncodeOverrides extends Partial<Omit<EncodeContext, 'model' | 'toolStates'>> {
  readonly model?: Partial<ModelFacts>;
  readonly toolStates?: Readonly<Record<string, Partial<ToolState>>>;
  readonly safetySettings?: readonly Record<string, unknown>[];
  readonly usesJsonSchema?: boolean;
}

/** The models that most tests speak to. */
export const GEMINI_25 = 'gemini-2.5-flash';
/** See GEMINI_25. */
export const GEMINI_3 = 'gemini-3-flash-preview';

/** A context of a model that can do everything. */
export function geminiContext(overrides: EncodeOverrides = {}): GeminiEncodeContext {
  const { model, toolStates, ...rest } = overrides;
  return {
    providerId: 'vertex-gemini',
    upstreamModel: GEMINI_3,
    isStream: true,
    sessionId: null,
    warnings: new Warnings(),
    safetySettings: [],
    usesJsonSchema: true,
    ...rest,
    model: {
      maxOutputTokens: null,
      contextWindowTokens: null,
      hasImages: true,
      hasPdf: true,
      hasTools: true,
      hasStructuredOutput: true,
      hasPrefill: true,
      thinking: 'level',
      effortLevels: [],
      ...model,
    },
    toolStates: new Map(
      Object.entries(toolStates ?? {}).map(([id, state]) => [id, toolState(state)]),
    ),
  };
}

function toolState(state: Partial<ToolState>): ToolState {
  return {
    v: 1,
    provider: 'vertex-gemini',
    model: GEMINI_3,
    upstreamId: null,
    thoughtSignature: null,
    reasoningDetails: null,
    reasoningText: null,
    ...state,
  };
}

/** Encodes a body as the client would have sent it. */
export function encodeBody(body: object | string, overrides: EncodeOverrides = {}): Encoded {
  const text = typeof body === 'string' ? body : JSON.stringify({ max_tokens: 1000, ...body });
  const context = geminiContext(overrides);
  const encoded = encodeGeminiRequest(readMessagesRequest(Buffer.from(text)), context);
  return {
    request: JSON.parse(encoded.body) as TestRequest,
    warnings: context.warnings.list,
    toolNames: encoded.toolNames,
  };
}

/** Encodes a body for countTokens. */
export function encodeCount(body: object): Record<string, unknown> {
  const request = readMessagesRequest(Buffer.from(JSON.stringify(body)));
  return JSON.parse(encodeGeminiCount(request, geminiContext())) as Record<string, unknown>;
}

/** A conversation of one user message. */
export function says(...content: readonly (object | string)[]): {
  messages: readonly { role: string; content: readonly object[] }[];
} {
  const blocks = content.map((block) =>
    typeof block === 'string' ? { type: 'text', text: block } : block,
  );
  return { messages: [{ role: 'user', content: blocks }] };
}

/** The parts of the last content. */
export function lastParts({ request }: Encoded): readonly TestPart[] {
  return request.contents.at(-1)?.parts ?? [];
}

/** A tool of the client's. */
export function clientTool(name: string, properties: object = { text: { type: 'string' } }) {
  return { name, description: `Does ${name}`, input_schema: { type: 'object', properties } };
}

/** A call, as the assistant made it. */
export function toolUse(id: string, name = 'Bash', input: unknown = { command: 'ls' }) {
  return { type: 'tool_use', id, name, input };
}

/** A call's result. */
export function toolResult(id: string, content: unknown = `result of ${id}`, isError = false) {
  return { type: 'tool_result', tool_use_id: id, content, is_error: isError };
}
