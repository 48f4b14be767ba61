import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isJsonObject } from '../../../../workers/json.ts';
import {
  clientTool,
  encodeBody,
  encodeCount,
  GEMINI_25,
  lastParts,
  says,
  toolResult,
  toolUse,
} from '../../support/gemini-encode.ts';

/** One test for each row of protocol reference §7.3, named after it. */
describe('a request to Gemini, row by row', () => {
  it('system: becomes systemInstruction without the billing header, mid-way ones reminders', () => {
    const { request } = encodeBody({
      system: [
        { type: 'text', text: 'x-anthropic-billing-header: cc_version=1' },
        { type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } },
        { type: 'text', text: '' },
      ],
      messages: [
        { role: 'user', content: 'hi' },
        { role: 'system', content: 'The day is Tuesday.' },
      ],
    });
    assert.deepEqual(request.systemInstruction, { parts: [{ text: 'Be brief.' }] });
    assert.deepEqual(request.contents, [
      {
        role: 'user',
        parts: [
          { text: 'hi' },
          { text: '<system-reminder>\nThe day is Tuesday.\n</system-reminder>' },
        ],
      },
    ]);
  });

  it('roles: assistant is model, neighbours merge, empty texts go', () => {
    const { request } = encodeBody({
      messages: [
        { role: 'user', content: 'a' },
        { role: 'user', content: [{ type: 'text', text: '' }] },
        { role: 'user', content: 'b' },
        { role: 'assistant', content: [{ type: 'text', text: '' }] },
        { role: 'user', content: 'c' },
        { role: 'assistant', content: 'd' },
        { role: 'user', content: 'e' },
      ],
    });
    assert.deepEqual(request.contents, [
      { role: 'user', parts: [{ text: 'a' }, { text: 'b' }, { text: 'c' }] },
      { role: 'model', parts: [{ text: 'd' }] },
      { role: 'user', parts: [{ text: 'e' }] },
    ]);
  });

  it('image base64/url: inlineData and fileData, gif refused', () => {
    const base64 = { type: 'base64', media_type: 'image/jpg', data: 'AAAA' };
    const url = { type: 'url', url: 'https://example.com/a.webp?x=1' };
    const encoded = encodeBody(
      says({ type: 'image', source: base64 }, { type: 'image', source: url }),
    );
    assert.deepEqual(lastParts(encoded), [
      { inlineData: { mimeType: 'image/jpeg', data: 'AAAA' } },
      { fileData: { mimeType: 'image/webp', fileUri: 'https://example.com/a.webp?x=1' } },
    ]);
    const gif = { type: 'image', source: { ...base64, media_type: 'image/gif' } };
    assert.throws(() => encodeBody(says(gif)), {
      type: 'invalid_request_error',
      message: /^image\.source\.media_type: .*image\/gif; convert it to PNG/,
    });
  });

  it('document pdf: inlineData, text documents as text', () => {
    const encoded = encodeBody(
      says(
        {
          type: 'document',
          title: 'Plan',
          source: { type: 'base64', media_type: 'application/pdf', data: 'JVBE' },
        },
        { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'words' } },
        {
          type: 'document',
          citations: { enabled: true },
          source: { type: 'base64', media_type: 'text/plain', data: 'aMOp' },
        },
        { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'in' }] } },
        { type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' } },
      ),
    );
    assert.deepEqual(lastParts(encoded), [
      { text: 'Document: Plan' },
      { inlineData: { mimeType: 'application/pdf', data: 'JVBE' } },
      { text: 'words' },
      { text: 'hé' },
      { text: 'in' },
      { fileData: { mimeType: 'application/pdf', fileUri: 'https://example.com/a.pdf' } },
    ]);
    assert.deepEqual(encoded.warnings, ['document citations dropped']);
  });

  it('tool_use: functionCall with its signature from the store, else the bypass value', () => {
    const messages = [
      { role: 'user', content: 'go' },
      { role: 'assistant', content: [toolUse('toolu_1'), toolUse('toolu_2', 'Read', '{"a":1}')] },
      { role: 'user', content: [toolResult('toolu_1'), toolResult('toolu_2')] },
    ];
    const kept = encodeBody(
      { messages },
      { toolStates: { toolu_1: { thoughtSignature: 'c2ln', upstreamId: 'call-1' } } },
    );
    assert.deepEqual(kept.request.contents[1]?.parts, [
      {
        functionCall: { id: 'call-1', name: 'Bash', args: { command: 'ls' } },
        thoughtSignature: 'c2ln',
      },
      { functionCall: { name: 'Read', args: { a: 1 } } },
    ]);
    assert.equal(kept.request.contents[2]?.parts[0]?.functionResponse?.id, 'call-1');
    const lost = encodeBody({ messages });
    assert.equal(
      lost.request.contents[1]?.parts[0]?.thoughtSignature,
      'skip_thought_signature_validator',
    );
    assert.equal(lost.request.contents[1]?.parts[1]?.thoughtSignature, undefined);
  });

  it('tool_result: functionResponse by id in the order of the calls, missing ones made up', () => {
    const { request } = encodeBody({
      messages: [
        { role: 'user', content: 'go' },
        { role: 'assistant', content: [toolUse('a', 'A'), toolUse('b', 'B'), toolUse('c', 'C')] },
        {
          role: 'user',
          content: [toolResult('c', [{ type: 'text', text: 'bad' }], true), toolResult('a', '')],
        },
      ],
    });
    assert.deepEqual(request.contents[2]?.parts, [
      { functionResponse: { name: 'A', response: { output: '(empty)' } } },
      {
        functionResponse: {
          name: 'B',
          response: { error: 'No result: the tool call was interrupted.' },
        },
      },
      { functionResponse: { name: 'C', response: { error: 'bad' } } },
    ]);
  });

  it('tool_result with images: within functionResponse from Gemini 3 on, beside it before', () => {
    const image = {
      type: 'image',
      source: { type: 'base64', media_type: 'image/png', data: 'AA' },
    };
    const messages = [
      { role: 'user', content: 'go' },
      { role: 'assistant', content: [toolUse('a', 'A')] },
      { role: 'user', content: [toolResult('a', [image, { type: 'text', text: 'seen' }])] },
    ];
    const inlineData = { mimeType: 'image/png', data: 'AA' };
    assert.deepEqual(lastParts(encodeBody({ messages })), [
      {
        functionResponse: {
          name: 'A',
          response: { output: 'seen' },
          parts: [{ inlineData }],
        },
      },
    ]);
    assert.deepEqual(lastParts(encodeBody({ messages }, { upstreamModel: GEMINI_25 })), [
      { functionResponse: { name: 'A', response: { output: 'seen' } } },
      { text: 'From the result of A:' },
      { inlineData },
    ]);
  });

  it('tool_result + text in same user turn: responses first, then the text', () => {
    const { request } = encodeBody({
      messages: [
        { role: 'user', content: 'go' },
        { role: 'assistant', content: [toolUse('a', 'A')] },
        { role: 'system', content: 'note' },
        { role: 'user', content: [{ type: 'text', text: 'and this' }, toolResult('a', 'ok')] },
      ],
    });
    assert.deepEqual(request.contents[2]?.parts, [
      { functionResponse: { name: 'A', response: { output: 'ok' } } },
      { text: '<system-reminder>\nnote\n</system-reminder>' },
      { text: 'and this' },
    ]);
  });

  it('thinking blocks: others are dropped without a word', () => {
    const { request, warnings } = encodeBody({
      messages: [
        { role: 'user', content: 'go' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: 'c2ln' },
            { type: 'thinking', thinking: 'hm', signature: '' },
            { type: 'redacted_thinking', data: 'x' },
            { type: 'text', text: 'said' },
          ],
        },
        { role: 'user', content: 'more' },
      ],
    });
    assert.deepEqual(request.contents[1]?.parts, [{ text: 'said' }]);
    assert.deepEqual(warnings, []);
  });

  it('tools: functionDeclarations with a schema that Gemini takes', () => {
    const tools = [clientTool('Bash'), clientTool('Nothing', {})];
    const parameters = { type: 'object', properties: { text: { type: 'string' } } };
    assert.deepEqual(encodeBody({ ...says('hi'), tools }).request.tools, [
      {
        functionDeclarations: [
          { name: 'Bash', description: 'Does Bash', parametersJsonSchema: parameters },
          { name: 'Nothing', description: 'Does Nothing' },
        ],
      },
    ]);
    const subset = encodeBody({ ...says('hi'), tools }, { usesJsonSchema: false });
    assert.deepEqual(subset.request.tools?.[0]?.functionDeclarations?.[0], {
      name: 'Bash',
      description: 'Does Bash',
      parameters: { type: 'OBJECT', properties: { text: { type: 'STRING' } } },
    });
  });

  it('tool_choice: AUTO, ANY, ANY with the name, NONE; one call at a time cannot be asked for', () => {
    const choose = (tool_choice: object) =>
      encodeBody({ ...says('hi'), tools: [clientTool('Bash'), clientTool('Read')], tool_choice });
    const config = (tool_choice: object) =>
      choose(tool_choice).request.toolConfig?.functionCallingConfig;
    assert.deepEqual(config({ type: 'auto' }), { mode: 'AUTO' });
    assert.deepEqual(config({ type: 'any' }), { mode: 'ANY' });
    assert.deepEqual(config({ type: 'none' }), { mode: 'NONE' });
    assert.deepEqual(config({ type: 'tool', name: 'Read' }), {
      mode: 'ANY',
      allowedFunctionNames: ['Read'],
    });
    assert.deepEqual(choose({ type: 'auto', disable_parallel_tool_use: true }).warnings, [
      'disable_parallel_tool_use dropped',
    ]);
  });

  it('thinking/effort: a budget for 2.5, a level from 3 on, never both', () => {
    const body = {
      ...says('hi'),
      thinking: { type: 'adaptive' },
      output_config: { effort: 'low' },
    };
    const config = (upstreamModel: string) =>
      encodeBody(body, { upstreamModel }).request.generationConfig.thinkingConfig;
    assert.deepEqual(config(GEMINI_25), { includeThoughts: true, thinkingBudget: 1024 });
    assert.deepEqual(config('gemini-3.1-pro-preview'), {
      includeThoughts: true,
      thinkingLevel: 'LOW',
    });
  });

  it('max_tokens: clamped, with room for thoughts', () => {
    const tokens = (max_tokens: unknown, upstreamModel: string, thinking?: object) =>
      encodeBody({ ...says('hi'), max_tokens, thinking }, { upstreamModel }).request
        .generationConfig.maxOutputTokens;
    assert.equal(tokens(128_000, GEMINI_25), 65_536);
    assert.equal(tokens(128_000, 'gemini-2.0-flash'), 8192);
    assert.equal(tokens(1000, GEMINI_25, { type: 'disabled' }), 1000);
    assert.equal(tokens(1000, 'gemini-2.5-pro', { type: 'disabled' }), 1128);
    assert.equal(tokens(1000, GEMINI_25, { type: 'adaptive' }), 9192);
    assert.equal(tokens(5000, GEMINI_25, { type: 'enabled', budget_tokens: 4000 }), 5000);
    assert.throws(() => tokens(0, GEMINI_25), { message: /^max_tokens: .*send at least 1$/ });
    assert.throws(() => tokens('many', GEMINI_25), { message: /^max_tokens: / });
  });

  it('stop_sequences: the first 5', () => {
    const { request, warnings } = encodeBody({
      ...says('hi'),
      stop_sequences: ['1', '2', '3', '', '4', '5', '6'],
    });
    assert.deepEqual(request.generationConfig.stopSequences, ['1', '2', '3', '4', '5']);
    assert.deepEqual(warnings, ['stop_sequences after the first 5 dropped']);
  });

  it('output_config.format: a JSON schema; with tools in words before Gemini 3', () => {
    const schema = { type: 'object', properties: { n: { type: 'integer', exclusiveMinimum: 0 } } };
    const body = { ...says('hi'), output_config: { format: { type: 'json_schema', schema } } };
    const plain = encodeBody(body).request.generationConfig;
    assert.equal(plain.responseMimeType, 'application/json');
    assert.deepEqual(plain.responseJsonSchema, {
      type: 'object',
      properties: { n: { type: 'integer', minimum: 1 } },
    });
    const older = encodeBody(
      { ...body, tools: [clientTool('Bash')] },
      { upstreamModel: GEMINI_25 },
    );
    assert.equal(older.request.generationConfig.responseMimeType, undefined);
    const said = older.request.systemInstruction?.parts.at(-1)?.text ?? '';
    assert.ok(said.includes(JSON.stringify(schema)));
    assert.deepEqual(older.warnings, ['output_config.format asked for in words']);
    const subset = encodeBody(body, { usesJsonSchema: false }).request.generationConfig;
    assert.ok(isJsonObject(subset.responseSchema) && subset.responseSchema.type === 'OBJECT');
  });

  it('temperature, top_p, top_k: under the same names', () => {
    const text =
      '{"max_tokens":9,"messages":[{"role":"user","content":"x"}],"temperature":1.0,"top_p":0.5,"top_k":40}';
    const { generationConfig } = encodeBody(text).request;
    assert.equal(generationConfig.temperature, 1);
    assert.equal(generationConfig.topP, 0.5);
    assert.equal(generationConfig.topK, 40);
    assert.throws(() => encodeBody({ ...says('x'), temperature: 'hot' }), {
      message: /^temperature: /,
    });
  });

  it('cache_control, metadata: dropped without a word', () => {
    const { request, warnings } = encodeBody({
      ...says({ type: 'text', text: 'hi', cache_control: { type: 'ephemeral' } }),
      metadata: { user_id: 'me' },
      cache_control: { type: 'ephemeral' },
      context_management: { edits: [] },
    });
    assert.deepEqual(warnings, []);
    assert.doesNotMatch(JSON.stringify(request), /cache_control|metadata|user_id|labels/);
  });

  it('safety: settings come from the configuration', () => {
    const safetySettings = [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }];
    assert.deepEqual(
      encodeBody(says('hi'), { safetySettings }).request.safetySettings,
      safetySettings,
    );
    assert.equal(encodeBody(says('hi')).request.safetySettings, undefined);
  });

  it('impossible fields are named in a warning', () => {
    const { warnings } = encodeBody({ ...says('hi'), mcp_servers: [{}], container: 'c' });
    assert.deepEqual(warnings, ['mcp_servers dropped', 'container dropped']);
  });

  it('encodeGeminiCount() holds what costs input tokens and nothing else', () => {
    const count = encodeCount({ ...says('hi'), system: 'Be brief.', tools: [clientTool('Bash')] });
    assert.deepEqual(Object.keys(count).sort(), ['contents', 'systemInstruction', 'tools']);
  });
});
