import { signThinking } from '../../sandbox/messages/signature.ts';

/** A user's turn. */
export const USER = { role: 'user', content: 'hi' };
/** A tool call. */
export const use = (id: string): unknown => ({ type: 'tool_use', id, name: 'Bash', input: {} });
/** Its result. */
export const result = (id: string): unknown => ({
  type: 'tool_result',
  tool_use_id: id,
  content: 'ok',
});
/** A model's turn. */
export const assistant = (...content: unknown[]): unknown => ({ role: 'assistant', content });
/** A user's turn of blocks. */
export const user = (...content: unknown[]): unknown => ({ role: 'user', content });
const tool = (name: string): unknown => ({ name, input_schema: { type: 'object' } });
/** A block with a cache breakpoint. */
export const marked = { type: 'text', text: 'x', cache_control: { type: 'ephemeral' } };
/** The model of every request that names no other. */
export const MODERN = 'claude-opus-5-5';
const OLD = 'claude-haiku-4-5-20251001';

/** Fields on top of a good request, and the words that refuse them. */
export const REFUSED: readonly (readonly [
  fields: Record<string, unknown>,
  message: string | RegExp,
])[] = [
  [{ model: undefined }, 'model: Field required'],
  [{ messages: undefined }, 'messages: Field required'],
  [{ max_tokens: undefined }, 'max_tokens: Field required'],
  [{ max_tokens: 'ten' }, 'max_tokens: Input should be a valid integer'],
  [
    { max_tokens: 200_000 },
    `max_tokens: 200000 > 128000, which is the maximum allowed number of output tokens for ${MODERN}`,
  ],
  [{ messages: [] }, 'messages: at least one message is required'],
  [
    { messages: [assistant({ type: 'text', text: 'a' }), USER] },
    'messages: first message must use the "user" role',
  ],
  [{ messages: [{ role: 'user' }] }, 'messages.0.content: Field required'],
  [{ messages: [{ role: 'tool', content: 'x' }] }, /Unexpected role "tool"/],
  [
    { messages: [user({ type: 'text', text: '' })] },
    'messages: text content blocks must be non-empty',
  ],
  [{ messages: [user()] }, /^messages\.0: all messages must have non-empty content/],
  [
    { messages: [USER, { role: 'assistant', content: 'pre' }] },
    /does not support assistant message prefill/,
  ],
  [
    { messages: [USER, assistant(use('t1')), USER] },
    'messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: t1. Each `tool_use` block must have a corresponding `tool_result` block in the next message.',
  ],
  [
    { messages: [USER, assistant(use('t1')), user({ type: 'text', text: 'first' }, result('t1'))] },
    /^messages\.1: `tool_use` ids were found without `tool_result` blocks immediately after: t1/,
  ],
  [
    { messages: [USER, assistant({ type: 'text', text: 'a' }), user(result('t9'))] },
    'messages.2.content.0: unexpected `tool_use_id` found in `tool_result` blocks: t9. Each `tool_result` block must have a corresponding `tool_use` block in the previous message.',
  ],
  [
    { messages: [USER, assistant(use('t1')), user(result('t1'), result('t1'))] },
    'messages.2.content.1: each tool_use must have a single result. Found multiple `tool_result` blocks with id: t1',
  ],
  [
    { messages: [USER, assistant(use('t1'), use('t1')), user(result('t1'))] },
    /`tool_use` ids must be unique/,
  ],
  [
    { messages: [USER, assistant(use('a:b')), user(result('a:b'))] },
    /tool_use\.id: String should match pattern/,
  ],
  [
    { messages: [USER, assistant({ type: 'thinking', thinking: 'x', signature: '' }), USER] },
    'messages.1.content.0: Invalid `signature` in `thinking` block',
  ],
  [
    {
      messages: [
        USER,
        assistant({ type: 'thinking', thinking: 'changed', signature: signThinking('x') }),
        USER,
      ],
    },
    'messages.1.content.0: Invalid `signature` in `thinking` block',
  ],
  [{ tools: [tool('a'), tool('a')] }, 'tools: Tool names must be unique.'],
  [
    { tools: [tool('a b')] },
    "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
  ],
  [{ tools: [{ name: 'a' }] }, 'tools.0.custom.input_schema: Field required'],
  [
    { messages: [user(marked, marked, marked, marked, marked)] },
    'A maximum of 4 blocks with cache_control may be provided. Found 5.',
  ],
  [
    { thinking: { type: 'enabled', budget_tokens: 2_000 } },
    /"thinking\.type\.enabled" is not supported/,
  ],
  [
    { model: OLD, thinking: { type: 'adaptive' } },
    'adaptive thinking is not supported on this model',
  ],
  [
    { model: OLD, thinking: { type: 'enabled', budget_tokens: 1 } },
    'thinking.enabled.budget_tokens: Input should be greater than or equal to 1024',
  ],
  [
    { model: OLD, thinking: { type: 'enabled', budget_tokens: 4_000 } },
    /^`max_tokens` must be greater than `thinking\.budget_tokens`/,
  ],
  [
    {
      model: OLD,
      max_tokens: 8_000,
      thinking: { type: 'enabled', budget_tokens: 4_000 },
      messages: [USER, assistant(use('t1')), user(result('t1'))],
    },
    /^messages\.1\.content\.0\.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`/,
  ],
  [
    { thinking: { type: 'adaptive' }, tool_choice: { type: 'any' }, tools: [tool('a')] },
    'Thinking may not be enabled when tool_choice forces tool use.',
  ],
  [
    { model: OLD, messages: [USER, { role: 'system', content: 'env' }] },
    "role 'system' is not supported on this model",
  ],
  [{ temperature: 0.2 }, '`temperature` is deprecated for this model.'],
  [
    { model: OLD, system: 'x'.repeat(900_000) },
    /^prompt is too long: \d+ tokens > 200000 maximum$/,
  ],
  [
    { model: OLD, system: 'x'.repeat(760_000), max_tokens: 60_000 },
    /^input length and `max_tokens` exceed context limit: \d+ \+ 60000 > 200000, decrease/,
  ],
];
