import { arrayOf, isObject, type JsonObject, objectsOf, textOf } from '../messages/json.ts';
import { checkDeclarations } from './check-declarations.ts';
import { checkGeminiTurns } from './check-turns.ts';
import type { GeminiFacts } from './gemini-facts.ts';
import { invalidArgument, unableToSubmit } from './gemini-failure.ts';

const STOP_SEQUENCES_MAX = 5;

/** Checks a request that was read, in the words of Vertex AI. Throws ApiFailure for the first fault. */
export function checkGeminiRequest(body: JsonObject, model: string, facts: GeminiFacts): void {
  const contents = objectsOf(body['contents']);
  if (contents.length === 0) {
    throw unableToSubmit(
      'at least one contents field is required. Add a contents field and try again.',
    );
  }
  const config = isObject(body['generationConfig']) ? body['generationConfig'] : {};
  checkOutput(config, facts);
  checkThinkingConfig(config['thinkingConfig'], facts);
  checkTools(body, config, facts);
  checkGeminiTurns(contents, { model, mustSign: facts.isThird });
}

/** The output limit that a request sets; the model's own without one. */
export function geminiMaxTokens(body: JsonObject, facts: GeminiFacts): number {
  const config = isObject(body['generationConfig']) ? body['generationConfig'] : {};
  return Number(config['maxOutputTokens'] ?? facts.maxOutputTokens);
}

function checkOutput(config: JsonObject, { maxOutputTokens }: GeminiFacts): void {
  const maxTokens = Number(config['maxOutputTokens'] ?? 1);
  if (maxTokens < 1 || maxTokens > maxOutputTokens) {
    throw invalidArgument(
      `Unable to submit request because it has a maxOutputTokens value of ${maxTokens} but the supported range is from 1 (inclusive) to ${maxOutputTokens + 1} (exclusive). Update the value and try again.`,
    );
  }
  for (const [name, above] of [
    ['temperature', 2],
    ['topP', 1],
  ] as const) {
    const value = Number(config[name] ?? 0);
    if (value >= 0 && value <= above) continue;
    throw invalidArgument(
      `Unable to submit request because it has a ${name} value of ${value} but the supported range is from 0 (inclusive) to ${above} (inclusive). Update the value and try again.`,
    );
  }
  const stops = arrayOf(config['stopSequences']).length;
  if (stops > STOP_SEQUENCES_MAX) {
    throw invalidArgument(
      `Unable to submit request because it has ${stops} stopSequences but the maximum is ${STOP_SEQUENCES_MAX}. Update the value and try again.`,
    );
  }
  const hasSchema = config['responseSchema'] != null || config['responseJsonSchema'] != null;
  if (hasSchema && config['responseMimeType'] !== 'application/json') {
    throw invalidArgument(
      'A response schema is only allowed with the response mime types `application/json` and `text/x.enum`.',
    );
  }
}

function checkThinkingConfig(thinking: unknown, facts: GeminiFacts): void {
  if (!isObject(thinking)) return;
  const { thinkingBudget: budget, thinkingLevel: level } = thinking;
  if (facts.thinkingBudget === null) {
    throw invalidArgument(
      'Unable to submit request because thinking is not supported by this model.',
    );
  }
  if (budget != null && level != null) {
    throw invalidArgument('You can only set only one of thinking budget and thinking level.');
  }
  if (level != null && !facts.isThird) {
    throw invalidArgument(
      'Unable to submit request because thinking_level is not supported by this model.',
    );
  }
  if (budget == null || budget === -1) return;
  const [least, most] = facts.thinkingBudget;
  if (Number(budget) >= least && Number(budget) <= most) return;
  throw invalidArgument(
    `Unable to submit request because the thinking budget ${Number(budget)} is invalid. Please choose a value between ${least} and ${most}.`,
  );
}

function checkTools(body: JsonObject, config: JsonObject, { isThird }: GeminiFacts): void {
  const tools = objectsOf(body['tools']);
  const names = checkDeclarations(tools);
  const hasOthers = tools.some((tool) =>
    Object.keys(tool).some((name) => name !== 'functionDeclarations'),
  );
  if (names.length > 0 && hasOthers && !isThird) {
    throw invalidArgument('Multiple tools are supported only when they are all search tools.');
  }
  if (names.length > 0 && config['responseMimeType'] === 'application/json' && !isThird) {
    throw invalidArgument(
      "Function calling with a response mime type: 'application/json' is unsupported",
    );
  }
  const toolConfig = isObject(body['toolConfig']) ? body['toolConfig'] : {};
  const calling = toolConfig['functionCallingConfig'];
  if (!isObject(calling)) return;
  const allowed = arrayOf(calling['allowedFunctionNames']).map(textOf);
  if (allowed.length > 0 && calling['mode'] !== 'ANY' && calling['mode'] !== 'VALIDATED') {
    throw invalidArgument(
      'Unable to submit request because allowed_function_names can only be set when the function calling mode is ANY or VALIDATED.',
    );
  }
  const unknown = allowed.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw invalidArgument(
      `Unable to submit request because the allowed function \`${unknown}\` is not among the function declarations.`,
    );
  }
}
