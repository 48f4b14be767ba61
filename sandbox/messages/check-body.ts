import { ApiFailure, invalidRequest } from '../api-failure.ts';
import { checkMessages } from './check-messages.ts';
import { checkThinking } from './check-thinking.ts';
import { contentBlocks, isObject, type JsonObject, objectsOf, textOf } from './json.ts';
import { modelFacts } from './model-facts.ts';

/** What differs between the providers of this wire. */
export interface BodyRules {
  readonly operation: 'messages' | 'count_tokens';
  readonly model: string;
  /** Which top-level fields are accepted. */
  acceptsField(name: string): boolean;
  readonly requiredFields: readonly string[];
  /** True when `temperature`, `top_p` and `top_k` are gone (version 2026-10-21). */
  readonly isSamplingGone: boolean;
  /** True when `cache_control` may hold `scope`. */
  readonly hasCacheScope: boolean;
}

const TOOL_NAME = /^[a-zA-Z0-9_-]{1,128}$/;
const BREAKPOINTS_MAX = 4;
const SAMPLING_DEFAULTS: Readonly<Record<string, number>> = { temperature: 1, top_p: 1, top_k: -1 };

/** Parses a body. Throws ApiFailure. */
export function parseBody(bytes: Buffer): JsonObject {
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw invalidRequest(
      'The request body is not valid JSON: unexpected character: line 1 column 1 (char 0)',
    );
  }
  if (!isObject(body)) throw invalidRequest('Input should be an object');
  return body;
}

/** Checks a body in the words of the Messages API. Throws ApiFailure for the first fault. */
export function checkBody(body: JsonObject, rules: BodyRules): void {
  for (const field of rules.requiredFields) {
    if (body[field] === undefined) throw invalidRequest(`${field}: Field required`);
  }
  if (rules.isSamplingGone) checkSamplingIsGone(body);
  for (const field of Object.keys(body)) {
    if (!rules.acceptsField(field)) {
      throw invalidRequest(`${field}: Extra inputs are not permitted`);
    }
  }
  if (rules.operation === 'messages') checkMaxTokens(body, rules.model);
  checkSampling(body, rules.model);
  checkTools(body['tools']);
  checkBreakpoints(body, rules);
  checkMessages(body['messages'], modelFacts(rules.model));
  checkThinking(body, modelFacts(rules.model));
}

/** Throws ApiFailure when a prompt is longer than its model's context. */
export function checkContext(body: JsonObject, inputTokens: number, model: string): void {
  const { contextTokens } = modelFacts(model);
  if (inputTokens > contextTokens) {
    throw invalidRequest(`prompt is too long: ${inputTokens} tokens > ${contextTokens} maximum`);
  }
  const maxTokens = Number(body['max_tokens'] ?? 0);
  if (inputTokens + maxTokens > contextTokens) {
    throw invalidRequest(
      `input length and \`max_tokens\` exceed context limit: ${inputTokens} + ${maxTokens} > ${contextTokens}, decrease input length or \`max_tokens\` and try again`,
    );
  }
}

/** The 404 for a model that does not exist. */
export function modelNotFound(model: string): ApiFailure {
  return new ApiFailure({ status: 404, message: `model: ${model}` });
}

function checkMaxTokens(body: JsonObject, model: string): void {
  const maxTokens = body['max_tokens'];
  if (typeof maxTokens !== 'number' || !Number.isInteger(maxTokens)) {
    throw invalidRequest('max_tokens: Input should be a valid integer');
  }
  if (maxTokens < 0) throw invalidRequest('max_tokens: must be greater than or equal to 0');
  const { maxOutputTokens } = modelFacts(model);
  if (maxTokens > maxOutputTokens) {
    throw invalidRequest(
      `max_tokens: ${maxTokens} > ${maxOutputTokens}, which is the maximum allowed number of output tokens for ${model}`,
    );
  }
}

function checkSamplingIsGone(body: JsonObject): void {
  for (const field of Object.keys(SAMPLING_DEFAULTS)) {
    if (field in body) throw invalidRequest(`${field}: Extra inputs are not permitted`);
  }
}

function checkSampling(body: JsonObject, model: string): void {
  if (modelFacts(model).hasSampling) return;
  for (const [field, standard] of Object.entries(SAMPLING_DEFAULTS)) {
    if (field in body && body[field] !== standard) {
      throw invalidRequest(`\`${field}\` is deprecated for this model.`);
    }
  }
}

function checkTools(tools: unknown): void {
  const names = new Set<string>();
  for (const [index, tool] of objectsOf(tools).entries()) {
    const name = textOf(tool['name']);
    const isCustom = (tool['type'] ?? 'custom') === 'custom';
    if (isCustom) checkCustomTool(tool, `tools.${index}.custom`);
    if (name !== '' && names.has(name)) throw invalidRequest('tools: Tool names must be unique.');
    names.add(name);
  }
}

function checkCustomTool(tool: JsonObject, where: string): void {
  if (tool['name'] === undefined) throw invalidRequest(`${where}.name: Field required`);
  if (!TOOL_NAME.test(textOf(tool['name']))) {
    throw invalidRequest(`${where}.name: String should match pattern '${TOOL_NAME.source}'`);
  }
  const schema = tool['input_schema'];
  if (schema === undefined) throw invalidRequest(`${where}.input_schema: Field required`);
  if (isObject(schema) && schema['type'] === undefined) {
    throw invalidRequest(`${where}.input_schema.type: Field required`);
  }
}

function checkBreakpoints(body: JsonObject, { hasCacheScope }: BodyRules): void {
  let count = body['cache_control'] == null ? 0 : 1;
  for (const { block, where } of cacheableBlocks(body)) {
    const control = block['cache_control'];
    if (!isObject(control)) continue;
    count += 1;
    if (control['scope'] !== undefined && !hasCacheScope) {
      throw invalidRequest(
        `${where}.cache_control.ephemeral.scope: Extra inputs are not permitted`,
      );
    }
  }
  if (count > BREAKPOINTS_MAX) {
    throw invalidRequest(
      `A maximum of ${BREAKPOINTS_MAX} blocks with cache_control may be provided. Found ${count}.`,
    );
  }
}

/** Every block that may carry `cache_control`, and where it stands, in the order of the cache. Text counts as one. */
export function* cacheableBlocks(
  body: JsonObject,
): Generator<{ block: JsonObject; where: string }> {
  for (const [index, block] of objectsOf(body['tools']).entries()) {
    yield { block, where: `tools.${index}.custom` };
  }
  for (const [index, block] of contentBlocks(body['system']).entries()) {
    yield { block, where: `system.${index}` };
  }
  for (const [index, message] of objectsOf(body['messages']).entries()) {
    for (const [at, block] of contentBlocks(message['content']).entries()) {
      yield { block, where: `messages.${index}.content.${at}.${textOf(block['type'])}` };
    }
  }
}
