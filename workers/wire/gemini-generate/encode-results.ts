import { type JsonObject, textField } from '../../json.ts';
import type { Block } from '../../translation/messages-request.ts';
import { isGemini3 } from './encode-context.ts';
import type { BlockScope } from './encode-media.ts';
import { encodeContent } from './encode-parts.ts';

/** A call of the model's turn that its user turn must answer. */
export interface PendingCall {
  /** The client's id of it; null when it had none. */
  readonly id: string | null;
  /** The provider's id of it, to be sent back; null when it gave none. */
  readonly upstreamId: string | null;
  /** The provider's name of the tool. */
  readonly name: string;
}

const MISSING_RESULT = 'No result: the tool call was interrupted.';
const NO_OUTPUT = '(empty)';

/**
 * The parts that answer a turn's calls: one functionResponse each, in the order of the calls, then what these cannot
 * hold, then the results that answer none of them, as text.
 *
 * Gemini refuses a turn whose responses are not as many as the calls, so a missing one is made up.
 */
export function encodeResults(
  calls: readonly PendingCall[],
  results: readonly Block[],
  scope: BlockScope,
): readonly JsonObject[] {
  const waiting = new Map<string, Block[]>();
  const orphans: Block[] = [];
  const called = countById(calls);
  for (const result of results) {
    const id = textField(result, 'tool_use_id') ?? '';
    const queue = waiting.get(id) ?? [];
    if (queue.length >= (called.get(id) ?? 0)) orphans.push(result);
    else waiting.set(id, [...queue, result]);
  }
  const answers = calls.map((call) => {
    const result = call.id === null ? undefined : waiting.get(call.id)?.shift();
    return encodeResult(call, result, scope);
  });
  return [
    ...answers.map(({ response }) => response),
    ...answers.flatMap(({ extras }) => extras),
    ...orphans.flatMap((orphan) => encodeOrphan(orphan, scope)),
  ];
}

function countById(calls: readonly PendingCall[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { id } of calls) if (id !== null) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

function encodeResult(
  call: PendingCall,
  result: Block | undefined,
  scope: BlockScope,
): { response: JsonObject; extras: readonly JsonObject[] } {
  const parts = result === undefined ? [{ text: MISSING_RESULT }] : contentParts(result, scope);
  const isError = result === undefined || result.is_error === true;
  const texts = parts.flatMap(({ text }) => (typeof text === 'string' ? [text] : []));
  const media = parts.filter(({ text }) => typeof text !== 'string');
  const takesMedia = isGemini3(scope.context);
  const inside = takesMedia ? media.filter((part) => 'inlineData' in part) : [];
  const outside = media.filter((part) => !inside.includes(part));
  const said = texts.length > 0 ? texts.join('\n') : media.length > 0 ? 'See the file.' : NO_OUTPUT;
  const functionResponse = {
    ...(call.upstreamId === null ? {} : { id: call.upstreamId }),
    name: call.name,
    response: isError ? { error: said } : { output: said },
    ...(inside.length === 0 ? {} : { parts: inside }),
  };
  const label = { text: `From the result of ${call.name}:` };
  const extras = outside.length === 0 ? [] : [label, ...outside];
  return { response: { functionResponse }, extras };
}

function encodeOrphan(result: Block, scope: BlockScope): readonly JsonObject[] {
  const kind = result.is_error === true ? 'Error' : 'Result';
  return [{ text: `${kind} of an earlier tool call:` }, ...contentParts(result, scope)];
}

function contentParts(result: Block, scope: BlockScope): readonly JsonObject[] {
  return encodeContent(result.content, { ...scope, isStrict: false });
}
