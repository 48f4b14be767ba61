import assert from 'node:assert/strict';
import { parseEventStream } from '../support/event-parser.ts';

/** A JSON object of a wire. */
export type Json = Record<string, unknown>;

/** A chat completion's stream put together. */
export interface FoldedChat {
  readonly chunks: readonly Json[];
  readonly isDone: boolean;
  readonly content: string;
  readonly reasoning: string;
  readonly calls: readonly { id: string; name: string; arguments: string }[];
  readonly finishes: readonly string[];
  readonly usage: Json | null;
}

/** Puts a stream together as a well-behaved client does; throws for a chunk that is not JSON. */
export function foldChat(text: string): FoldedChat {
  const events = parseEventStream(text);
  const isDone = events.at(-1)?.data === '[DONE]';
  const chunks = events.filter(({ data }) => data !== '[DONE]').map(({ data }) => JSON.parse(data));
  const calls: { id: string; name: string; arguments: string }[] = [];
  const finishes: string[] = [];
  let content = '';
  let reasoning = '';
  let usage: Json | null = null;
  for (const chunk of chunks) {
    usage = chunk.usage ?? usage;
    for (const { delta, finish_reason: finish } of chunk.choices ?? []) {
      if (finish) finishes.push(finish);
      if (typeof delta.content === 'string') content += delta.content;
      reasoning += delta.reasoning_content ?? delta.reasoning ?? '';
      for (const call of delta.tool_calls ?? []) {
        assert.equal(typeof call.index, 'number');
        const { id = '', name = '', arguments: more = '' } = { ...call, ...call.function };
        calls[call.index] ??= { id: '', name: '', arguments: '' };
        const known = calls[call.index] as { id: string; name: string; arguments: string };
        known.id ||= id;
        known.name ||= name;
        known.arguments += typeof more === 'string' ? more : JSON.stringify(more);
      }
    }
  }
  return { chunks, isDone, content, reasoning, calls, finishes, usage };
}

/** The `choices[0].delta` of every chunk that has one. */
export function deltasOf({ chunks }: FoldedChat): readonly Json[] {
  return chunks.flatMap(({ choices }) => {
    const [first] = choices as Json[];
    return first === undefined ? [] : [first['delta'] as Json];
  });
}

/** A tool of this wire. */
export function chatTool(name: string): Json {
  const parameters = { type: 'object', properties: { command: { type: 'string' } } };
  return { type: 'function', function: { name, description: 'runs', parameters } };
}

/** An assistant's call and the tool's answer to it. */
export function chatLoop(id: string, answer: unknown = 'hi'): readonly Json[] {
  const called = { name: 'Bash', arguments: '{"command":"echo hi"}' };
  return [
    { role: 'assistant', content: null, tool_calls: [{ id, type: 'function', function: called }] },
    { role: 'tool', tool_call_id: id, content: answer },
  ];
}

/** What stands at a path inside a value; undefined where the path leads nowhere. */
export function pick(value: unknown, ...path: readonly (string | number)[]): unknown {
  let inner = value;
  for (const name of path) {
    if (typeof inner !== 'object' || inner === null) return undefined;
    inner = (inner as Json)[name]; // an array has its indices as names
  }
  return inner;
}
