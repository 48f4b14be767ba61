import type { BehaviourSpec } from '../../sandbox/control.ts';
import type { Sandbox } from '../../sandbox/start.ts';
import { type CallResult, call } from './call.ts';
import { chatTool, type Json } from './chat-fold.ts';

/** A credential that every server of this wire takes. */
export const AUTHORIZATION = { authorization: 'Bearer sk-test' };
/** Where each of the plain chat providers answers. */
export const PATHS = {
  'openai-compatible': '/v1/chat/completions',
  'github-models': '/inference/chat/completions',
} as const;
/** One of PATHS. */
export type ChatProvider = keyof typeof PATHS;

/** A good streaming request with fields on top. */
export const bodyOf = (fields: Json = {}): string =>
  JSON.stringify({
    model: 'gpt-4.1',
    max_tokens: 1_000,
    stream: true,
    stream_options: { include_usage: true },
    messages: [{ role: 'user', content: 'Hello there' }],
    ...fields,
  });
/** Asks a provider of this wire. */
export const ask = (
  { url }: Sandbox,
  fields: Json = {},
  provider: ChatProvider = 'openai-compatible',
): Promise<CallResult> => call(url + PATHS[provider], bodyOf(fields), { headers: AUTHORIZATION });
/** The fields of a user who says these lines and offers a tool. */
export const says = (...content: string[]): Json => ({
  messages: [{ role: 'user', content: content.join('\n') }],
  tools: [chatTool('Bash')],
});

/** An answer of thoughts, text and two calls. */
export const thoughtful: BehaviourSpec = {
  answer: [
    { type: 'thinking', thinking: 'I should think about it.' },
    { type: 'text', text: 'Two calls.' },
    { type: 'tool_use', name: 'Bash', input: { command: 'echo one' } },
    { type: 'tool_use', name: 'Bash', input: { command: 'echo two' } },
  ],
};
