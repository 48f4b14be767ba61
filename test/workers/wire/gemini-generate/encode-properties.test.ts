import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../../../schemas/error.ts';
import { sealSignature } from '../../../../workers/translation/signature.ts';
import {
  encodeBody,
  GEMINI_3,
  GEMINI_25,
  type TestPart,
  type TestRequest,
} from '../../support/gemini-encode.ts';

const ID = fc.constantFrom('a', 'b', 'c', 'd');
const OWN_SIGNATURE = sealSignature({
  provider: 'vertex-gemini',
  model: GEMINI_3,
  state: { thoughtSignature: 'c2ln' },
});
const TOOL_STATES = { a: { thoughtSignature: 'YQ==' }, b: { upstreamId: 'up' } };
const ANY = fc.jsonValue({ maxDepth: 2 });

const text = fc.record({ type: fc.constant('text'), text: fc.constantFrom('', 'x', 'word') });
const thinking = fc.record({
  type: fc.constant('thinking'),
  thinking: fc.constantFrom('', 'hm'),
  signature: fc.constantFrom('', 'c2ln', OWN_SIGNATURE, 'gw1.broken'),
});
const toolUse = fc.record({
  type: fc.constant('tool_use'),
  id: ID,
  name: fc.constantFrom('Bash', '1 odd', 'x'.repeat(90)),
  input: ANY,
});
const toolResult = fc.record({
  type: fc.constant('tool_result'),
  tool_use_id: ID,
  content: fc.oneof(fc.constant('ok'), fc.array(text), ANY),
  is_error: fc.boolean(),
});
const odd = fc.record(
  {
    type: fc.constantFrom(
      ...['image', 'document', 'search_result', 'tool_result', 'tool_use', 'thinking', 'text'],
      ...[
        'redacted_thinking',
        'compaction',
        'server_tool_use',
        'mcp_tool_result',
        'tool_reference',
      ],
      ...['web_search_tool_result', 'container_upload', 'unheard_of', '', '__proto__'],
    ),
    id: ANY,
    name: ANY,
    text: ANY,
    source: fc.oneof(ANY, fc.record({ type: fc.constant('content'), content: ANY })),
    content: fc.oneof(ANY, fc.array(text)),
    signature: ANY,
    tool_use_id: ANY,
    citations: ANY,
  },
  { requiredKeys: ['type'] },
);
const block = fc.oneof(text, thinking, toolUse, toolResult, odd);
const messages = fc.array(
  fc.record({
    role: fc.constantFrom('user', 'assistant', 'system'),
    content: fc.oneof(fc.constantFrom('', 'hi'), fc.array(block, { maxLength: 5 })),
  }),
  { minLength: 1, maxLength: 8 },
);
const model = fc.constantFrom(GEMINI_25, GEMINI_3);

/** The body as clients write it that spell every number with a fraction: such numbers travel as opaque objects. */
function spelled(body: object): string {
  return JSON.stringify({ max_tokens: 1000, ...body }).replace(
    /(:|\[|,)(\d+)(?=[,}\]])/g,
    '$1$2.0',
  );
}

/** The encoded request; null when it was refused, which must happen in the client's own terms. */
function encodeOrRefuse(body: object, upstreamModel: string): TestRequest | null {
  try {
    return encodeBody(spelled(body), { upstreamModel, toolStates: TOOL_STATES }).request;
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error));
    assert.equal(error.type, 'invalid_request_error');
    return null;
  }
}

function checkPart(part: TestPart): void {
  const { text: words, inlineData, fileData, functionCall, functionResponse } = part;
  const kinds = [words, inlineData, fileData, functionCall, functionResponse];
  assert.equal(kinds.filter((kind) => kind !== undefined).length, 1);
  if (words !== undefined) assert.notEqual(words, '');
  if (functionCall !== undefined) {
    assert.match(functionCall.name, /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/);
    assert.ok(typeof functionCall.args === 'object' && !Array.isArray(functionCall.args));
  }
  if (functionResponse !== undefined) {
    const { output, error } = functionResponse.response;
    assert.notEqual(output ?? error ?? '', '');
  }
}

function checkContents({ contents }: TestRequest): void {
  for (const [index, { role, parts }] of contents.entries()) {
    assert.equal(role, index % 2 === 0 ? 'user' : 'model');
    assert.notEqual(parts.length, 0);
    for (const part of parts) checkPart(part);
    const calls = parts.flatMap(({ functionCall }) => functionCall ?? []);
    const next = contents[index + 1]?.parts ?? [];
    const responses = next.flatMap(({ functionResponse }) => functionResponse ?? []);
    assert.deepEqual(
      responses.map(({ name, id }) => [name, id]),
      role === 'model' ? calls.map(({ name, id }) => [name, id]) : [],
    );
    const leading = next.slice(0, responses.length);
    assert.ok(leading.every(({ functionResponse }) => functionResponse !== undefined));
  }
  const [first] = contents;
  assert.ok(first?.parts.every(({ functionResponse }) => functionResponse === undefined));
}

describe('a request to Gemini, whatever the client sends', () => {
  it('alternates, answers every call once and in order, and has no empty part', () => {
    let encoded = 0;
    fc.assert(
      fc.property(messages, model, (history, upstreamModel) => {
        const request = encodeOrRefuse({ messages: history }, upstreamModel);
        if (request === null) return;
        encoded += 1;
        checkContents(request);
      }),
      { numRuns: 1000 },
    );
    assert.ok(encoded > 300, `only ${encoded} were not refused`);
  });

  it('signs the first call of every step of the last prompt at Gemini 3', () => {
    fc.assert(
      fc.property(messages, (history) => {
        const asked = [...history, { role: 'user', content: [{ type: 'text', text: 'now' }] }];
        const call = { type: 'tool_use', id: 'z', name: 'Bash', input: {} };
        const step = [
          { role: 'assistant', content: [call, { ...call, id: 'a' }] },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'z' }] },
        ];
        const request = encodeOrRefuse({ messages: [...asked, ...step, ...step] }, GEMINI_3);
        if (request === null) return;
        const steps = request.contents.filter(({ role }) => role === 'model').slice(-2);
        for (const { parts } of steps) {
          const calls = parts.filter(({ functionCall }) => functionCall !== undefined);
          assert.notEqual(calls[0]?.thoughtSignature, undefined);
          assert.equal(calls.at(-1)?.thoughtSignature, 'YQ==');
        }
      }),
      { numRuns: 200 },
    );
  });

  it('names the field of every setting and tool that makes no sense', () => {
    const NUMBER = fc.oneof({ weight: 9, arbitrary: fc.double({ noNaN: true }) }, ANY);
    const tool = fc.oneof(fc.record({ name: ANY, type: ANY, input_schema: ANY }), {
      weight: 5,
      arbitrary: fc.record({
        name: fc.constantFrom('A', 'B', 'C', ''),
        type: fc.constantFrom('custom', 'bash_20250124', 'web_search_20260318', 'new_1', null),
        description: ANY,
        strict: ANY,
        input_schema: ANY,
      }),
    });
    const fields = fc.record(
      {
        max_tokens: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1 }) }, ANY),
        temperature: NUMBER,
        top_p: NUMBER,
        top_k: NUMBER,
        stop_sequences: fc.oneof(fc.array(ANY), ANY),
        thinking: fc.oneof(ANY, fc.record({ type: fc.constant('enabled'), budget_tokens: ANY })),
        output_config: fc.oneof(ANY, fc.record({ effort: ANY, format: ANY })),
        output_format: ANY,
        tool_choice: fc.oneof(ANY, fc.record({ type: ANY, name: ANY })),
        tools: fc.array(tool, { maxLength: 3 }),
        system: fc.oneof(fc.constant('be brief'), fc.array(block, { maxLength: 2 })),
        metadata: ANY,
        mcp_servers: ANY,
      },
      { requiredKeys: [] },
    );
    let encoded = 0;
    fc.assert(
      fc.property(fields, model, (body, upstreamModel) => {
        const history = [{ role: 'user', content: 'hi' }];
        const request = encodeOrRefuse({ ...body, messages: history }, upstreamModel);
        if (request === null) return;
        encoded += 1;
        const { thinkingConfig = {} } = request.generationConfig;
        assert.ok(!('thinkingBudget' in thinkingConfig && 'thinkingLevel' in thinkingConfig));
      }),
      { numRuns: 1000 },
    );
    assert.ok(encoded > 200, `only ${encoded} were not refused`);
  });
});
