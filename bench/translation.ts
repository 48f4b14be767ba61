import { readMessagesRequest } from '../workers/translation/messages-request.ts';
import { modelFacts } from '../workers/translation/model-facts.ts';
import { Warnings } from '../workers/translation/warnings.ts';
import { encodeGeminiRequest } from '../workers/wire/gemini-generate/encode-request.ts';
import { geminiGenerate } from '../workers/wire/gemini-generate.ts';
import { encodeOpenaiRequest } from '../workers/wire/openai-chat/encode-request.ts';
import { DEFAULT_FLAVOUR } from '../workers/wire/openai-chat/flavour.ts';
import { openaiChat } from '../workers/wire/openai-chat.ts';
import type { DecodeContext, Wire } from '../workers/wire.ts';
import { requestBody } from './cases.ts';

/** What a translating wire costs. */
export interface TranslationCost {
  readonly wire: string;
  /** CPU milliseconds to read and encode a request of 100 KB with tools. */
  readonly requestMs: number;
  /** CPU microseconds per streamed chunk. */
  readonly chunkUs: number;
}

const CHUNKS = 2_000;
const REQUESTS = 300;
const ROUNDS = 3;
const KB = 1_000;

const DECODE: DecodeContext = {
  providerId: 'openai-compatible',
  requestId: 'req_bench',
  requestModel: 'claude-sonnet-5-5',
  inputTokensEstimate: 25_000,
  expectedPrompt: {
    inputTokens: 25_000,
    cacheReadInputTokens: 0,
    cacheCreation5mInputTokens: 0,
    cacheCreation1hInputTokens: 0,
  },
  thinkingDisplay: 'shown',
  upstreamModel: 'bench',
  toolNames: new Map(),
  remember: () => {},
};

/** Measures both translating wires in this process. */
export function measureTranslation(): readonly TranslationCost[] {
  const body = withTools(requestBody(100 * KB, true));
  const context = () => ({
    providerId: 'openai-compatible',
    upstreamModel: 'bench',
    model: modelFacts(null),
    isStream: true,
    sessionId: null,
    agentId: null,
    hasWebSearch: false,
    requestClass: 'main',
    cacheTtlMs: 0,
    toolStates: new Map(),
    warnings: new Warnings(),
  });
  const openai = (): void => {
    encodeOpenaiRequest(readMessagesRequest(body), { ...context(), flavour: DEFAULT_FLAVOUR });
  };
  const gemini = (): void => {
    encodeGeminiRequest(readMessagesRequest(body), {
      ...context(),
      safetySettings: [],
      usesJsonSchema: false,
    });
  };
  return [
    { wire: 'openai-chat', ...cost(openai, () => decode(openaiChat, openaiChunk)) },
    { wire: 'gemini-generate', ...cost(gemini, () => decode(geminiGenerate, geminiChunk)) },
  ];
}

function cost(encode: () => void, decodeAll: () => void): Omit<TranslationCost, 'wire'> {
  return {
    requestMs: cpuMs(() => repeat(REQUESTS, encode)) / REQUESTS,
    chunkUs: (cpuMs(decodeAll) * 1_000) / CHUNKS,
  };
}

// The first rounds compile; the last one counts.
function cpuMs(work: () => void): number {
  let spent = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    spent = (user + system) / 1_000;
  }
  return spent;
}

function repeat(times: number, work: () => void): void {
  for (let index = 0; index < times; index += 1) work();
}

function decode(wire: Wire, chunkOf: (index: number) => string): void {
  const decoder = wire.createStreamDecoder(DECODE);
  for (let index = 0; index < CHUNKS; index += 1) decoder.push(Buffer.from(chunkOf(index)));
  decoder.finish();
}

function openaiChunk(index: number): string {
  const delta = { content: `word ${index} ` };
  return `data: ${JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, delta, finish_reason: null }] })}\n\n`;
}

function geminiChunk(index: number): string {
  const content = { role: 'model', parts: [{ text: `word ${index} ` }] };
  return `data: ${JSON.stringify({ candidates: [{ content }], modelVersion: 'm' })}\r\n\r\n`;
}

function withTools(body: Buffer): Buffer {
  const input_schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: {
      command: { type: 'string', maxLength: 9_000 },
      timeout: { type: 'number', exclusiveMinimum: 0 },
    },
    required: ['command'],
    additionalProperties: false,
  };
  const tools = Array.from({ length: 12 }, (_, index) => ({
    name: `Tool${index}`,
    description: 'Does something that takes a sentence or two to explain. '.repeat(10),
    input_schema,
  }));
  return Buffer.from(JSON.stringify({ ...JSON.parse(body.toString()), tools }));
}
