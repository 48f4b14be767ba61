import { ApiFailure } from '../api-failure.ts';
import type { Call, Dialect, Route, RouteRequest } from '../dialect.ts';
import { checkGeminiRequest, geminiMaxTokens } from '../gemini/check-request.ts';
import { encodeGeminiMessage, encodeGeminiStream } from '../gemini/encode-gemini.ts';
import { geminiErrorAnswer, innerGeminiError } from '../gemini/gemini-errors.ts';
import { geminiFacts } from '../gemini/gemini-facts.ts';
import { invalidArgument } from '../gemini/gemini-failure.ts';
import { readProto } from '../gemini/proto.ts';
import { readGeminiPrompt } from '../gemini/read-gemini-prompt.ts';
import { GEMINI_BETA_SHAPES, GEMINI_SHAPES } from '../gemini/shapes.ts';
import type { JsonObject } from '../messages/json.ts';
import type { Prompt } from '../script/prompt.ts';
import { checkGoogleCredential } from './google-credential.ts';
import { shapedError } from './shaped-error.ts';

const PATH =
  /^\/(v1|v1beta1)\/projects\/([^/]+)\/locations\/([^/]+)\/publishers\/google\/models\/([^/:]+):(generateContent|streamGenerateContent|countTokens)$/;
const REGION = /^(?:global|us|eu|[a-z]+-[a-z]+\d+)$/;
const CHARACTERS_PER_TOKEN = 4;

/** Gemini on Vertex AI: the model in the path, CRLF events without an end mark, and Google's checks and errors. */
export const vertexGemini: Dialect = {
  provider: 'vertex-gemini',
  label: 'Gemini on Vertex AI',
  route,
  requestId: (ids) => ids.next('req_vrtx_'),
  checkCredential: checkGoogleCredential,
  promptKey: ({ query }) => query,
  readPrompt,
  // The signature belongs to the step and the model, which the encoder knows.
  sign: () => '',
  answerHeaders: ({ requestId }) => [
    ['x-vertex-ai-llm-request-type', 'shared'],
    ['x-request-id', requestId],
  ],
  errorAnswer(failure, { requestId, call }) {
    const isArray = call.path.endsWith(':streamGenerateContent') && !isEventStream(call);
    const isOwn =
      failure.shape === undefined || (failure.shape === 'html' && failure.status === 404);
    return isOwn
      ? geminiErrorAnswer(failure, { isArray, path: call.path })
      : shapedError(failure, { requestId, own: 'google' });
  },
  limitFailure: ({ retryAfterMs }) => ({
    status: 429,
    retryAfterSeconds: Math.ceil(retryAfterMs / 1_000),
  }),
  encodeStream: encodeGeminiStream,
  encodeMessage: encodeGeminiMessage,
  innerError: innerGeminiError,
  countTokens: ({ inputTokens }) =>
    JSON.stringify({
      totalTokens: inputTokens,
      totalBillableCharacters: inputTokens * CHARACTERS_PER_TOKEN,
      promptTokensDetails: [{ modality: 'TEXT', tokenCount: inputTokens }],
    }),
  models() {
    throw new ApiFailure({ status: 404, message: 'Not found' });
  },
};

function route({ method, path }: RouteRequest): Route | null {
  if (method !== 'POST') return null;
  const [, , , , model, verb] = PATH.exec(path) ?? [];
  if (model === undefined) return null;
  const operation = verb === 'countTokens' ? 'count_tokens' : 'messages';
  return { operation, model: decodeURIComponent(model) };
}

function readPrompt(call: Call): Prompt {
  const [, version, project = '', region = ''] = PATH.exec(call.path) ?? [];
  const model = call.route.model ?? '';
  if (!REGION.test(region)) {
    throw new ApiFailure({ status: 404, message: 'Not Found', shape: 'html' });
  }
  const facts = geminiFacts(model);
  if (facts === null) {
    throw new ApiFailure({
      status: 404,
      message: `Publisher Model \`projects/${project}/locations/${region}/publishers/google/models/${model}\` not found.`,
    });
  }
  const isCount = call.route.operation === 'count_tokens';
  const message = isCount ? 'CountTokensRequest' : 'GenerateContentRequest';
  const shapes = version === 'v1' ? GEMINI_SHAPES : GEMINI_BETA_SHAPES;
  const body: JsonObject = readProto(parseBody(call.body), message, shapes);
  checkGeminiRequest(body, model, facts);
  const isStream = call.path.endsWith(':streamGenerateContent') && isEventStream(call);
  const maxTokens = geminiMaxTokens(body, facts);
  const prompt = readGeminiPrompt(body, { model, isStream, maxTokens, facts });
  if (prompt.inputTokens > facts.contextTokens && !isCount) {
    throw invalidArgument(
      `The input token count (${prompt.inputTokens}) exceeds the maximum number of tokens allowed (${facts.contextTokens}).`,
    );
  }
  return prompt;
}

function isEventStream({ query }: Call): boolean {
  return new URLSearchParams(query).get('alt') === 'sse';
}

function parseBody(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw invalidArgument('Invalid JSON payload received. Unexpected token.');
  }
}
