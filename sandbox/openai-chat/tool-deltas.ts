import type { JsonObject } from '../messages/json.ts';
import type { Quirk } from '../quirks.ts';
import type { ScriptBlock } from '../script/script.ts';

/** A tool call of a script, with the id that it has in this answer. */
export interface ToolCall {
  readonly id: string;
  readonly block: Extract<ScriptBlock, { type: 'tool_use' }>;
}

/** A delta's fields and the tokens that it carries. */
export interface Delta {
  readonly fields: JsonObject;
  readonly tokens: number;
}

/** One whole entry of a message's `tool_calls`. */
export function wholeCall({ id, block }: ToolCall, quirks: ReadonlySet<Quirk>): JsonObject {
  const input = quirks.has('tool-arguments-object') ? block.input : JSON.stringify(block.input);
  return {
    ...(quirks.has('tool-id-missing') ? {} : { id }),
    type: 'function',
    function: { name: block.name, arguments: input },
  };
}

/** The deltas of all tool calls. */
export function toolDeltas(calls: readonly ToolCall[], quirks: ReadonlySet<Quirk>): Delta[] {
  if (calls.length === 0) return [];
  if (quirks.has('tool-calls-whole') || quirks.has('tool-arguments-object')) {
    const whole = calls.map((call, at) => ({
      ...indexField(at, quirks),
      ...wholeCall(call, quirks),
    }));
    const tokens = calls.reduce((sum, { block }) => sum + block.chunks.length, 0);
    return [{ fields: { tool_calls: whole }, tokens }];
  }
  const pieces = calls.map((call, at) => callDeltas(call, at, quirks));
  return quirks.has('tool-calls-interleaved') ? interleaved(pieces) : pieces.flat();
}

function callDeltas({ id, block }: ToolCall, at: number, quirks: ReadonlySet<Quirk>): Delta[] {
  const index = indexField(at, quirks);
  const again = quirks.has('tool-fields-repeated');
  const delta = (call: JsonObject, tokens: number): Delta => ({
    fields: { tool_calls: [{ ...index, ...call }] },
    tokens,
  });
  const start = {
    ...(quirks.has('tool-id-missing') ? {} : { id }),
    type: 'function',
    function: { name: block.name, arguments: '' },
  };
  // A call without input still says so in this wire.
  const chunks = block.chunks.length === 0 ? ['{}'] : block.chunks;
  return [
    delta(start, 0),
    ...chunks.map((chunk) => {
      const more = { ...(again ? { name: '' } : {}), arguments: chunk };
      const piece = again ? { id: '', type: 'function', function: more } : { function: more };
      return delta(piece, block.chunks.length === 0 ? 0 : 1);
    }),
  ];
}

function indexField(at: number, quirks: ReadonlySet<Quirk>): JsonObject {
  if (quirks.has('tool-index-missing')) return {};
  if (quirks.has('tool-index-same')) return { index: 0 };
  return { index: quirks.has('tool-index-from-one') ? at + 1 : at };
}

function interleaved(pieces: readonly Delta[][]): Delta[] {
  const longest = Math.max(...pieces.map(({ length }) => length));
  return Array.from({ length: longest }, (_, round) =>
    pieces.flatMap((deltas) => deltas[round] ?? []),
  ).flat();
}
