import { ApiFailure, invalidRequest } from '../api-failure.ts';
import type { Call, Dialect, Route, RouteRequest } from '../dialect.ts';
import type { Ids } from '../ids.ts';
import type { AnswerStyle } from '../messages/answer-style.ts';
import { checkBody, checkContext, parseBody } from '../messages/check-body.ts';
import { encodeMessage } from '../messages/encode-message.ts';
import { encodeStream } from '../messages/encode-stream.ts';
import { innerAnthropicError } from '../messages/error-words.ts';
import { type JsonObject, textOf } from '../messages/json.ts';
import { isClaudeName } from '../messages/model-facts.ts';
import { readPrompt } from '../messages/read-prompt.ts';
import { signThinking } from '../messages/signature.ts';
import type { Prompt } from '../script/prompt.ts';
import { checkGoogleCredential } from './google-credential.ts';
import { shapedError } from './shaped-error.ts';
import { VERTEX_BETAS, VERTEX_FIELDS } from './vertex-claude-lists.ts';

const PATH =
  /^\/v1\/projects\/([^/]+)\/locations\/([^/]+)\/publishers\/anthropic\/models\/([^/:]+):(rawPredict|streamRawPredict)$/;
const COUNT_TOKENS_MODEL = 'count-tokens';
const STYLE: AnswerStyle = {
  messagePrefix: 'msg_vrtx_01',
  toolUsePrefix: 'toolu_vrtx_01',
  isPadded: true,
  preamble: '',
  responseModel: (model) => model.replace('@', '-'),
  extraUsage: () => ({}),
};

/** Claude on Vertex AI: the model in the path, the version in the body, Google's credentials and errors. */
export const vertexClaude: Dialect = {
  provider: 'vertex-claude',
  label: 'Claude on Vertex AI',
  route,
  requestId: (ids: Ids) => ids.next('req_vrtx_011C'),
  checkCredential: checkGoogleCredential,
  promptKey: (call) => `${call.header('anthropic-beta')}`,
  readPrompt: readVertexPrompt,
  sign: signThinking,
  answerHeaders: ({ requestId }) => [['request-id', requestId]],
  errorAnswer(failure, { requestId }) {
    // What the model's API says comes in its own envelope, the rest in Google's.
    const own = failure.isFromModel === true || failure.status === 529 ? 'anthropic' : 'google';
    return shapedError(failure, { requestId, own });
  },
  // Google names the quota and gives no time.
  limitFailure: () => ({ status: 429 }),
  encodeStream: (answer) => encodeStream(answer, STYLE),
  encodeMessage: (answer) => encodeMessage(answer, STYLE),
  innerError: innerAnthropicError,
  countTokens: ({ inputTokens }) => JSON.stringify({ input_tokens: inputTokens }),
  models() {
    throw new ApiFailure({ status: 404, message: 'Not found' });
  },
};

function route({ method, path }: RouteRequest): Route | null {
  if (method !== 'POST') return null;
  const [, , , model] = PATH.exec(path) ?? [];
  if (model === undefined) return null;
  if (model === COUNT_TOKENS_MODEL) return { operation: 'count_tokens', model: null };
  return { operation: 'messages', model: decodeURIComponent(model) };
}

function readVertexPrompt(call: Call): Prompt {
  const isMessages = call.route.operation === 'messages';
  checkBetas(call, isMessages);
  const body = parseBody(call.body);
  const model = call.route.model ?? textOf(body['model']);
  if (!isMessages && body['model'] === undefined) throw invalidRequest('model: Field required');
  checkModel(call, model);
  checkBody(body, {
    operation: isMessages ? 'messages' : 'count_tokens',
    model,
    acceptsField: (name) => VERTEX_FIELDS.has(name) || (name === 'model' && !isMessages),
    requiredFields: isMessages ? ['anthropic_version', 'max_tokens', 'messages'] : ['messages'],
    isSamplingGone: body['anthropic_version'] === '2026-10-21',
    hasCacheScope: false,
  });
  return readChecked(body, model, isMessages);
}

function readChecked(body: JsonObject, model: string, isMessages: boolean): Prompt {
  const prompt = readPrompt(body, model);
  if (isMessages) checkContext(body, prompt.inputTokens, model);
  return prompt;
}

function checkBetas(call: Call, isMessages: boolean): void {
  const unexpected = (call.header('anthropic-beta') ?? '')
    .split(',')
    .map((value) => value.trim())
    .filter((value) => value !== '' && !isAcceptedBeta(value, isMessages));
  if (unexpected.length === 0) return;
  const quoted = unexpected.map((value) => `\`${value}\``).join(', ');
  throw invalidRequest(
    `Unexpected value(s) ${quoted} for the \`anthropic-beta\` header. Please consult our documentation at docs.anthropic.com or try again without the header.`,
  );
}

function isAcceptedBeta(value: string, isMessages: boolean): boolean {
  // Counting tokens refuses what it has no use for.
  return VERTEX_BETAS.has(value) && (isMessages || !value.startsWith('web-search-'));
}

function checkModel({ path }: Call, model: string): void {
  // A date is set off by `@` here.
  if (isClaudeName(model) && !/-\d{8}$/.test(model)) return;
  const [, project = '', region = ''] = PATH.exec(path) ?? [];
  throw new ApiFailure({
    status: 404,
    message: `Publisher Model \`projects/${project}/locations/${region}/publishers/anthropic/models/${model}\` was not found or your project does not have access to it. Please ensure you are using a valid model version. For more information, see: https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions`,
  });
}
