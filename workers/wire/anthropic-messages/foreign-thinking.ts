import { LIMITS } from '../../../config/limits.ts';
import type { FieldSpan } from '../../../schemas/envelope.ts';
import { scanTopLevel } from '../../../schemas/json-scan.ts';
import { fieldSplices, spliceBody } from '../../edit-body.ts';
import { parseExactJson } from '../../exact-json.ts';
import { asBuffer, isJsonObject, type JsonObject } from '../../json.ts';
import type { Work } from '../../provider.ts';
import { isGatewaySignature } from '../../translation/signature.ts';

/** Either is in every body that holds reasoning which no Claude signed; in other bodies hardly ever. */
const MARKS = ['gw1.', '"signature":""', '"signature": ""'];

/** A request whose reasoning is all Claude's own. */
export interface OwnThinking {
  readonly work: Work;
  readonly warnings: readonly string[];
}

/**
 * Takes reasoning that another provider made out of a request for Claude, which refuses signatures it did not make: the
 * client got them from the gateway in an earlier turn. Other requests are left as they are.
 *
 * Where Claude must begin a turn of a tool loop with its reasoning and has none, thinking is switched off for the request.
 * Source: protocol reference §7.6.
 */
export function withoutForeignThinking(work: Work): OwnThinking {
  const { body, dispatch } = work;
  const { fields } = dispatch;
  const bytes = asBuffer(body);
  const unchanged = { work, warnings: [] };
  if (!MARKS.some((mark) => bytes.includes(mark))) return unchanged;
  const messages = fieldValue(bytes, fields, 'messages');
  if (!Array.isArray(messages)) return unchanged;
  const kept = messages.map(withoutForeign).filter((message) => !isEmptied(message));
  const isChanged =
    kept.length < messages.length || kept.some((message, index) => message !== messages[index]);
  if (!isChanged) return unchanged;
  const thinking = fieldValue(bytes, fields, 'thinking');
  const mustThink = isJsonObject(thinking) && thinking.type === 'enabled' && isInToolLoop(kept);
  const set = {
    messages: JSON.stringify(kept),
    ...(mustThink ? { thinking: '{"type":"disabled"}' } : {}),
  };
  const edited = Buffer.concat(spliceBody(body, fieldSplices(body, fields, { set })));
  return {
    work: {
      body: edited,
      dispatch: { ...dispatch, fields: scanTopLevel(edited, SCAN_OPTIONS).fields },
    },
    warnings: mustThink ? ['thinking disabled: the tool loop was begun by another model'] : [],
  };
}

const SCAN_OPTIONS = { ...LIMITS, uniqueFields: [] };

function fieldValue(bytes: Buffer, fields: readonly FieldSpan[], wanted: string): unknown {
  const field = fields.find(({ name }) => name === wanted);
  if (field === undefined) return undefined;
  try {
    return parseExactJson(bytes.toString('utf8', field.valueStart, field.valueEnd));
  } catch {
    return undefined; // the upstream tells the client what is wrong with it
  }
}

function withoutForeign(message: unknown): unknown {
  if (!isJsonObject(message) || !Array.isArray(message.content)) return message;
  const content = message.content.filter((block) => !isForeign(block));
  return content.length === message.content.length ? message : { ...message, content };
}

function isForeign(block: unknown): boolean {
  if (!isJsonObject(block) || block.type !== 'thinking') return false;
  const { signature } = block;
  return typeof signature === 'string' && (signature === '' || isGatewaySignature(signature));
}

// Nothing but foreign reasoning was in it.
function isEmptied(message: unknown): boolean {
  return (
    isJsonObject(message) &&
    message.role === 'assistant' &&
    Array.isArray(message.content) &&
    message.content.length === 0
  );
}

function isInToolLoop(messages: readonly unknown[]): boolean {
  const last = messages.findLast(
    (message): message is JsonObject => isJsonObject(message) && message.role === 'assistant',
  );
  if (last === undefined || !Array.isArray(last.content)) return false;
  const [first] = last.content;
  const beginsWithThinking =
    isJsonObject(first) && (first.type === 'thinking' || first.type === 'redacted_thinking');
  return (
    !beginsWithThinking &&
    last.content.some((block) => isJsonObject(block) && block.type === 'tool_use')
  );
}
