import { isObject, type JsonObject, objectsOf, textOf } from '../messages/json.ts';
import { invalidArgument, unableToSubmit } from './gemini-failure.ts';
import { checkThoughtSignature } from './thought-signature.ts';

const MIME_TYPE =
  /^(?:image\/(?:png|jpe?g|webp|heic|heif)|application\/pdf|text\/plain|audio\/.+|video\/.+)$/;
/** Fields of a part of which it must have one. */
const DATA_FIELDS = [
  'text',
  'inlineData',
  'fileData',
  'functionCall',
  'functionResponse',
  'executableCode',
  'codeExecutionResult',
] as const;

/** What `checkGeminiTurns` must know of the model. */
export interface TurnRules {
  readonly model: string;
  /** True when calls of the current turn must bring their thought signature. */
  readonly mustSign: boolean;
}

/**
 * Checks the conversation: roles, parts, that calls and responses stand in neighbouring contents in equal numbers,
 * and the thought signatures. Throws ApiFailure.
 */
export function checkGeminiTurns(contents: readonly JsonObject[], rules: TurnRules): void {
  for (const content of contents) {
    const { role } = content;
    if (role !== 'user' && role !== 'model') {
      throw invalidArgument('Please use a valid role: user, model.');
    }
    checkParts(content);
  }
  for (const index of contents.keys()) checkNeighbours(contents, index);
  if (contents.at(-1)?.['role'] !== 'user') {
    throw invalidArgument('Please ensure that multiturn requests end with a user role.');
  }
  checkSignatures(contents, rules);
}

/** Index of the content that starts the current turn: the last of the user's own. */
export function currentTurnStart(contents: readonly JsonObject[]): number {
  return contents.findLastIndex(
    (content) => content['role'] === 'user' && partsWith(content, 'functionResponse').length === 0,
  );
}

function checkParts(content: JsonObject): void {
  const parts = objectsOf(content['parts']);
  if (parts.length === 0) {
    throw unableToSubmit(
      'it must include at least one parts field, which describes the prompt input.',
    );
  }
  for (const part of parts) {
    const given = DATA_FIELDS.filter((name) => part[name] !== undefined);
    // An empty text may carry a signature.
    const isEmpty = part['text'] === '' && part['thoughtSignature'] === undefined;
    if (given.length !== 1 || isEmpty) {
      throw unableToSubmit('it must have a text parameter. Add a text parameter and try again.');
    }
    checkMimeType(part['inlineData'] ?? part['fileData']);
  }
}

function checkMimeType(data: unknown): void {
  if (!isObject(data)) return;
  const mimeType = textOf(data['mimeType']);
  if (MIME_TYPE.test(mimeType)) return;
  throw unableToSubmit(
    `it has a mimeType parameter with value ${mimeType}, which is not supported. Update the mimeType and try again.`,
  );
}

function checkNeighbours(contents: readonly JsonObject[], index: number): void {
  const calls = partsWith(contents[index], 'functionCall');
  const responses = partsWith(contents[index], 'functionResponse');
  if (calls.length > 0) {
    if (contents[index - 1]?.['role'] !== 'user') {
      throw invalidArgument(
        'Please ensure that function call turn comes immediately after a user turn or after a function response turn.',
      );
    }
    if (index < contents.length - 1) {
      checkSameCount(calls, partsWith(contents[index + 1], 'functionResponse'));
    }
  }
  if (responses.length === 0) return;
  const nameless = responses.findIndex(({ name }) => textOf(name) === '');
  if (nameless !== -1) {
    throw invalidArgument(
      `* GenerateContentRequest.contents[${index}].parts[${nameless}].function_response.name: Name cannot be empty.`,
    );
  }
  const called = partsWith(contents[index - 1], 'functionCall');
  if (called.length === 0) {
    throw invalidArgument(
      'Please ensure that function response turn comes immediately after a function call turn.',
    );
  }
  checkSameCount(called, responses);
}

function checkSameCount(calls: readonly JsonObject[], responses: readonly JsonObject[]): void {
  const names = (parts: readonly JsonObject[]): string =>
    JSON.stringify(parts.map(({ name }) => textOf(name)).toSorted());
  if (calls.length === responses.length && names(calls) === names(responses)) return;
  throw invalidArgument(
    'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.',
  );
}

function checkSignatures(contents: readonly JsonObject[], { model, mustSign }: TurnRules): void {
  const start = currentTurnStart(contents);
  for (const [index, content] of contents.entries()) {
    const parts = objectsOf(content['parts']);
    for (const part of parts) {
      const signature = part['thoughtSignature'];
      if (signature !== undefined) checkThoughtSignature(textOf(signature), { model, mustSign });
    }
    const first = parts.find((part) => isObject(part['functionCall']));
    if (!mustSign || index < start || first === undefined) continue;
    if (first['thoughtSignature'] !== undefined) continue;
    const name = isObject(first['functionCall']) ? textOf(first['functionCall']['name']) : '';
    throw invalidArgument(
      `Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call \`default_api:${name}\`, position ${index + 1}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.`,
    );
  }
}

function partsWith(content: JsonObject | undefined, field: string): readonly JsonObject[] {
  return objectsOf(objectsOf(content?.['parts']).map((part) => part[field]));
}
