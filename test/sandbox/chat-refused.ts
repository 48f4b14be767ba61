import { chatLoop, chatTool, type Json } from './chat-fold.ts';

const USER = { role: 'user', content: 'hi' };
const CALL = chatLoop('call_1');
const call = (fields: Json, called: Json = {}): Json => ({
  role: 'assistant',
  content: null,
  tool_calls: [
    {
      id: 'call_1',
      type: 'function',
      function: { name: 'Bash', arguments: '{}', ...called },
      ...fields,
    },
  ],
});
const part = (fields: Json): Json => ({ messages: [{ role: 'user', content: [fields] }] });

/** Fields on top of a good chat request, the words that refuse them, and `param` where there is one. */
export const CHAT_REFUSED: readonly (readonly [Json, RegExp, string?])[] = [
  [{ model: undefined }, /^you must provide a model parameter$/],
  [{ messages: undefined }, /^Missing required parameter: 'messages'\.$/, 'messages'],
  [{ messages: 'hi' }, /^Invalid type for 'messages': expected an array, but got a string/],
  [{ messages: [] }, /^Invalid 'messages': empty array\./],
  [{ system: 'be kind' }, /^Unrecognized request argument supplied: system$/],
  [{ stop_sequences: ['a'] }, /^Unrecognized request argument supplied: stop_sequences$/],
  [{ messages: [{ role: 'model', content: 'x' }] }, /^Invalid value: 'model'\. Supported values/],
  [{ messages: [{ role: 'user', content: null }] }, /expected a string, got null/],
  [part({ type: 'image', source: {} }), /^Invalid value: 'image'\. Supported values are: 'text'/],
  [
    part({ type: 'text', text: 'a', cache_control: { type: 'ephemeral' } }),
    /^Unknown parameter: 'messages\[0\]\.content\[0\]\.cache_control'\.$/,
    'messages[0].content[0].cache_control',
  ],
  [
    part({ type: 'image_url', image_url: { url: 'iVBORw0' } }),
    /Expected a base64-encoded data URL/,
  ],
  [part({ type: 'file', file: { file_data: 'JVBERi0' } }), /but got a value without the 'data:'/],
  [
    { messages: [USER, { role: 'tool', tool_call_id: 'call_1', content: 'x' }] },
    /^Invalid parameter: messages with role 'tool' must be a response to a preceeding message/,
    'messages[1].role',
  ],
  [
    { messages: [USER, CALL[0], USER] },
    /must be followed by tool messages responding to each 'tool_call_id'.* response messages: call_1$/,
  ],
  [
    { messages: [USER, CALL[0], { role: 'tool', tool_call_id: 'call_9', content: 'x' }] },
    /^Invalid parameter: 'tool_call_id' of 'call_9' not found in 'tool_calls'/,
  ],
  [{ messages: [USER, call({ id: 'i'.repeat(41) })] }, /maximum length 40, but got .* length 41/],
  [{ messages: [USER, call({}, { arguments: { a: 1 } })] }, /expected a string, but got an object/],
  [{ messages: [USER, call({}, { arguments: '{"a":' })] }, /must be a JSON object/],
  [{ messages: [USER, call({}, { name: 'a b' })] }, /does not match pattern/],
  [{ tools: [] }, /^Invalid 'tools': empty array\./],
  [{ tools: [chatTool('n'.repeat(65))] }, /maximum length 64, but got a string with length 65/],
  [{ tools: [chatTool('mcp.server')] }, /Expected a string that matches the pattern/],
  [{ tools: [{ name: 'Bash', input_schema: {} }] }, /^Invalid value: 'undefined'/, 'tools[0].type'],
  [
    { tools: [{ type: 'function', function: { name: 'a', parameters: {} } }] },
    /^Invalid schema for function 'a': .* got 'type: "None"'\.$/,
  ],
  [{ tool_choice: 'auto' }, /'tool_choice' is only allowed when 'tools' are specified/],
  [{ tools: [chatTool('a')], tool_choice: 'any' }, /^Invalid value: 'any'/],
  [
    { tools: [chatTool('a')], tool_choice: { type: 'function', function: { name: 'b' } } },
    /^Tool choice 'b' not found in 'tools' parameter\.$/,
  ],
  [{ max_tokens: 'ten' }, /^Invalid type for 'max_tokens': expected an integer/, 'max_tokens'],
  [{ max_tokens: 0 }, /integer below minimum value/],
  [{ max_tokens: 40_000 }, /^max_tokens is too large: 40000\. This model supports at most 32768/],
  [{ temperature: 3 }, /decimal above maximum value/],
  [{ stop: ['a', 'b', 'c', 'd', 'e'] }, /^Invalid 'stop': array too long\./],
  [{ stream: false, stream_options: {} }, /only allowed when 'stream' is enabled/],
  [{ reasoning_effort: 'max' }, /^Invalid value: 'max'\. Supported values are: 'none', 'minimal'/],
  [{ response_format: { type: 'json' } }, /^Invalid value: 'json'/],
  [
    {
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'a', strict: true, schema: { type: 'object' } },
      },
    },
    /'additionalProperties' is required to be supplied and to be false/,
  ],
  [{ model: 'gpt-5.4' }, /^Unsupported parameter: 'max_tokens' is not supported/, 'max_tokens'],
  [
    { model: 'gpt-5.4', max_tokens: undefined, temperature: 0.5 },
    /^Unsupported value: 'temperature' does not support 0\.5/,
  ],
  [
    {
      model: 'gpt-5.4-mini',
      max_tokens: undefined,
      reasoning_effort: 'low',
      tools: [chatTool('a')],
    },
    /^Function tools with reasoning_effort are not supported for gpt-5\.4-mini/,
  ],
];
