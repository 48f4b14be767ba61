import { signThoughts } from '../../sandbox/gemini/thought-signature.ts';
import type { Json } from './chat-fold.ts';
import { functionCall, functionResponse, geminiTool, model, user } from './gemini-fold.ts';

const USER = user({ text: 'hi' });
const bash = (parameters: unknown): Json => ({ tools: [geminiTool('Bash', parameters)] });
const config = (generationConfig: Json): Json => ({ generationConfig });
const BYPASS = { thoughtSignature: 'skip_thought_signature_validator' };
/** A conversation up to the answers of its calls. */
const loop = (calls: readonly Json[], responses: readonly Json[]): Json => ({
  contents: [USER, model(...calls), user(...responses)],
});

/** The model of every request. */
export const MODEL = 'gemini-3.8-flash';

/** Fields on top of a good Gemini request to MODEL, and the words that refuse them. */
export const GEMINI_REFUSED: readonly (readonly [Json, RegExp])[] = [
  [{ contents: undefined }, /at least one contents field is required/],
  [
    { contents: [{ role: 'assistant', parts: [{ text: 'x' }] }] },
    /^Please use a valid role: user, model\.$/,
  ],
  [{ contents: [user()] }, /must include at least one parts field/],
  [{ contents: [user({ text: '' })] }, /must have a text parameter/],
  [{ contents: [USER, model({ text: 'x' })] }, /end with a user role/],
  [
    { messages: [] },
    /^Invalid JSON payload received\. Unknown name "messages": Cannot find field\.$/,
  ],
  [
    { contents: [user({ text: 'x', cache_control: {} })] },
    /^Invalid JSON payload received\. Unknown name "cache_control" at 'contents\[0\]\.parts\[0\]': Cannot find field\.$/,
  ],
  [
    { contents: [user({ inlineData: { mimeType: 'image/gif', data: 'R0lGODlh' } })] },
    /mimeType parameter with value image\/gif, which is not supported/,
  ],
  [
    config({ maxOutputTokens: 'many' }),
    /^Invalid value at 'generation_config\.max_output_tokens' \(TYPE_INT32\), "many"$/,
  ],
  [
    config({ maxOutputTokens: 70_000 }),
    /maxOutputTokens value of 70000 but the supported range is from 1 \(inclusive\) to 65537/,
  ],
  [
    config({ stopSequences: ['a', 'b', 'c', 'd', 'e', 'f'] }),
    /6 stopSequences but the maximum is 5/,
  ],
  [config({ responseJsonSchema: { type: 'object' } }), /only allowed with the response mime types/],
  [
    config({ thinkingConfig: { thinkingBudget: 1_024, thinkingLevel: 'LOW' } }),
    /only set only one of thinking budget/,
  ],
  [
    config({ thinkingConfig: { thinkingLevel: 'MAX' } }),
    /thinking_level' \(.*ThinkingLevel\), "MAX"$/,
  ],
  [{ tools: [geminiTool('1st')] }, /Must start with a letter or an underscore/],
  [{ tools: [geminiTool(`n${'x'.repeat(64)}`)] }, /maximum length of 64/],
  [{ tools: [geminiTool('a'), geminiTool('a')] }, /^Duplicate function declaration found: a$/],
  [bash({ type: 'string' }), /schema should be of type OBJECT/],
  [
    bash({ type: 'object', properties: { n: { type: 'integer', exclusiveMinimum: 0 } } }),
    /^Invalid JSON payload received\. Unknown name "exclusiveMinimum" at 'tools\[0\]\.function_declarations\[0\]\.parameters\.properties\[0\]\.value': Cannot find field\.$/,
  ],
  [
    bash({ $schema: 'x', type: 'object', additionalProperties: false }),
    /Unknown name "\$schema" at [^\n]*\n[^\n]*Unknown name "additionalProperties" at/,
  ],
  [
    bash({ type: 'object', properties: { n: { type: ['string', 'null'] } } }),
    /^Invalid value at '.*\.type' \(.*Type\), \["string","null"\]$/,
  ],
  [
    bash({ type: 'object', properties: { n: { type: 'array' } } }),
    /properties\[n\]\.items: missing field\.$/,
  ],
  [
    bash({ type: 'object', properties: { n: { type: 'integer', enum: ['1'] } } }),
    /only allowed for STRING type$/,
  ],
  [
    bash({ type: 'object', properties: { n: { type: 'string', format: 'uri' } } }),
    /only 'enum' and 'date-time' are supported for STRING type$/,
  ],
  [
    bash({ type: 'object', properties: {}, required: ['n'] }),
    /required\[0\]: property is not defined$/,
  ],
  [
    {
      ...bash(undefined),
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['x'] } },
    },
    /allowed function `x` is not among/,
  ],
  [
    loop([functionCall('Bash')], [functionResponse('Bash')]),
    /^Function call is missing a thought_signature in functionCall parts\..* function call `default_api:Bash`, position 2\./,
  ],
  [
    loop(
      [functionCall('Bash', { thoughtSignature: 'RXhhbXBsZSBzaWduYXR1cmU=' })],
      [functionResponse('Bash')],
    ),
    /^Corrupted thought signature\.$/,
  ],
  [
    loop(
      [functionCall('Bash', { thoughtSignature: signThoughts('gemini-3.5-flash', '') })],
      [functionResponse('Bash')],
    ),
    /^Invalid thought signature\.$/,
  ],
  [
    loop([functionCall('a', BYPASS), functionCall('b')], [functionResponse('a')]),
    /number of function response parts is equal to the number of function call parts/,
  ],
  [
    loop([functionCall('a', BYPASS)], [functionResponse('b')]),
    /number of function response parts is equal to the number of function call parts/,
  ],
  [
    loop([functionCall('a', BYPASS)], [{ text: 'never mind' }]),
    /number of function response parts/,
  ],
  [
    { contents: [USER, model({ text: 'x' }), user(functionResponse('a'))] },
    /response turn comes immediately after a function call turn/,
  ],
  [
    {
      contents: [
        USER,
        model({ text: 'x' }),
        model(functionCall('a', BYPASS)),
        user(functionResponse('a')),
      ],
    },
    /function call turn comes immediately after a user turn/,
  ],
];
