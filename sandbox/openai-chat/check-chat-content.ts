import { isObject, type JsonObject, textOf } from '../messages/json.ts';
import type { ChatRules } from './chat-rules.ts';
import { checkString, notSupported, unknownParameter, wrongType } from './check-field.ts';
import { badChat } from './error-bodies.ts';

/** The fields of each type of content part. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  text: ['text'],
  image_url: ['image_url'],
  input_audio: ['input_audio'],
  refusal: ['refusal'],
  file: ['file'],
  // Mistral's thoughts.
  thinking: ['thinking'],
};
const SHOWN_PARTS = ['text', 'image_url', 'input_audio', 'refusal', 'audio', 'file'] as const;
const IMAGE_URL = /^(?:https?:\/\/|data:image\/(?:png|jpeg|jpg|gif|webp);base64,)/;
const FILE_DATA = /^data:[a-z]+\/[a-z0-9.+-]+;base64,/;

/** Checks the content of a message. Throws ApiFailure. */
export function checkChatContent(message: JsonObject, where: string, rules: ChatRules): void {
  const { role, content } = message;
  if (content == null) {
    if (role === 'assistant' && (message['tool_calls'] != null || message['refusal'] != null)) {
      return;
    }
    throw badChat(`Invalid value for 'content': expected a string, got null.`, {
      param: `${where.replace('[', '.[')}.content`,
    });
  }
  if (typeof content === 'string') return;
  if (!Array.isArray(content)) throw wrongType(`${where}.content`, 'string', content);
  for (const [index, part] of content.entries()) {
    checkPart(part, { where: `${where}.content[${index}]`, role: textOf(role), rules });
  }
}

interface PartPlace {
  readonly where: string;
  readonly role: string;
  readonly rules: ChatRules;
}

function checkPart(part: unknown, { where, role, rules }: PartPlace): void {
  if (!isObject(part)) throw wrongType(where, 'object', part);
  const type = textOf(part['type']);
  const fields = PARTS[type];
  if (fields === undefined) throw notSupported(`${where}.type`, part['type'], SHOWN_PARTS);
  for (const name of Object.keys(part)) {
    if (name === 'type' || fields.includes(name) || rules.extraFields.has(name)) continue;
    throw unknownParameter(`${where}.${name}`);
  }
  if (type === 'text') {
    checkString(part['text'], `${where}.text`);
    return;
  }
  if (role !== 'user' && type !== 'thinking' && type !== 'refusal') {
    throw badChat(`Invalid content type. ${type} is only allowed in messages with role 'user'.`, {
      param: where,
    });
  }
  if (type === 'image_url') checkImage(part['image_url'], where);
  if (type === 'file') checkFile(part['file'], where);
}

function checkImage(image: unknown, where: string): void {
  if (!isObject(image)) throw wrongType(`${where}.image_url`, 'object', image);
  if (IMAGE_URL.test(textOf(image['url']))) return;
  throw badChat(
    `Invalid '${where}.image_url'. Expected a base64-encoded data URL with an image MIME type (e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), or a valid URL.`,
    { param: `${where}.image_url`, code: 'invalid_value' },
  );
}

function checkFile(file: unknown, where: string): void {
  if (!isObject(file)) throw wrongType(`${where}.file`, 'object', file);
  const data = file['file_data'];
  if (data === undefined || FILE_DATA.test(textOf(data))) return;
  throw badChat(
    `Invalid '${where}.file.file_data'. Expected a base64-encoded data URL with a file MIME type (e.g. 'data:application/pdf;base64,aW1nIGJ5dGVzIGhlcmU='), but got a value without the 'data:' prefix.`,
    { param: `${where}.file.file_data`, code: 'invalid_value' },
  );
}
