import type { Answer } from '../dialect.ts';
import type { JsonObject } from '../messages/json.ts';
import type { Quirk } from '../quirks.ts';
import type { ScriptBlock } from '../script/script.ts';
import { geminiFacts } from './gemini-facts.ts';
import { partialArgs } from './partial-args.ts';
import { signThoughts } from './thought-signature.ts';

/** The parts of one chunk and the tokens that they carry. */
export interface GeminiPiece {
  readonly parts: readonly JsonObject[];
  readonly tokens: number;
}

type CallBlock = Extract<ScriptBlock, { type: 'tool_use' }>;

/**
 * The chunks of an answer in the order of this wire: thoughts, text, calls. The first call of a step carries the
 * thoughts' signature; a step without calls of a Gemini 3 ends with an empty text that does.
 */
export function geminiPieces(answer: Answer, quirks: ReadonlySet<Quirk>): readonly GeminiPiece[] {
  const { blocks } = answer.script;
  const pieces: GeminiPiece[] = [];
  const add = (parts: readonly JsonObject[], tokens: number): void =>
    void pieces.push({ parts, tokens });
  for (const block of blocks) {
    if (block.type !== 'thinking') continue;
    for (const text of block.chunks) add([{ text, thought: true }], 1);
  }
  for (const block of blocks) {
    if (block.type !== 'text') continue;
    for (const text of block.chunks) add([{ text }], 1);
  }
  const calls = blocks.filter((block) => block.type === 'tool_use');
  pieces.push(...callPieces(calls, answer, quirks));
  const isThird = geminiFacts(answer.prompt.model)?.isThird === true;
  if (calls.length === 0 && isThird && pieces.length > 0) {
    add([{ text: '', thoughtSignature: signatureOf(answer) }], 0);
  }
  return withHidden(pieces, blocks);
}

function callPieces(
  calls: readonly CallBlock[],
  answer: Answer,
  quirks: ReadonlySet<Quirk>,
): readonly GeminiPiece[] {
  const signed = (at: number): JsonObject =>
    at === 0 ? { thoughtSignature: signatureOf(answer) } : {};
  const id = (block: CallBlock): JsonObject =>
    quirks.has('call-ids') ? { id: block.id ?? answer.ids.next('call_') } : {};
  const arePartial = quirks.has('partial-args') || quirks.has('partial-args-unfinished');
  if (arePartial) {
    return calls.flatMap((block, at) => {
      const isUnfinished = quirks.has('partial-args-unfinished') && at === calls.length - 1;
      return inPieces(block, { head: { ...id(block) }, signed: signed(at), isUnfinished });
    });
  }
  const parts = calls.map((block, at) => ({
    functionCall: { name: block.name, args: block.input, ...id(block) },
    ...signed(at),
  }));
  const tokens = calls.map(({ chunks }) => chunks.length);
  if (quirks.has('calls-apart')) {
    return parts.map((part, at) => ({ parts: [part], tokens: tokens[at] ?? 0 }));
  }
  return parts.length === 0 ? [] : [{ parts, tokens: tokens.reduce((sum, one) => sum + one, 0) }];
}

function inPieces(
  block: CallBlock,
  { head, signed, isUnfinished }: { head: JsonObject; signed: JsonObject; isUnfinished: boolean },
): readonly GeminiPiece[] {
  const start = { functionCall: { name: block.name, ...head, willContinue: true }, ...signed };
  const pieces: GeminiPiece[] = [{ parts: [start], tokens: block.chunks.length }];
  for (const piece of partialArgs(block.input)) {
    const part = { functionCall: { partialArgs: [piece], willContinue: true } };
    pieces.push({ parts: [part], tokens: 0 });
  }
  if (!isUnfinished) pieces.push({ parts: [{ functionCall: {} }], tokens: 0 });
  return pieces;
}

function signatureOf({ script, prompt }: Answer): string {
  const thoughts = script.blocks.find((block) => block.type === 'thinking');
  if (thoughts !== undefined && thoughts.signature !== '') return thoughts.signature;
  return signThoughts(prompt.model, JSON.stringify(script.blocks));
}

// What was counted though it was not shown is paid for with the first piece.
function withHidden(
  pieces: readonly GeminiPiece[],
  blocks: readonly ScriptBlock[],
): readonly GeminiPiece[] {
  const hidden = blocks.reduce(
    (sum, block) => sum + (block.type === 'thinking' ? block.hiddenTokens : 0),
    0,
  );
  const [first, ...others] = pieces;
  return first === undefined ? [] : [{ ...first, tokens: first.tokens + hidden }, ...others];
}
