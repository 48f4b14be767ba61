import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ToolNames } from '../../../../workers/wire/gemini-generate/tool-names.ts';
import {
  clientTool,
  type Encoded,
  encodeBody,
  GEMINI_25,
  says,
  toolUse,
} from '../../support/gemini-encode.ts';

const SEARCH = { type: 'web_search_20250305', name: 'web_search', max_uses: 8 };
const PYTHON = { type: 'code_execution_20250825', name: 'code_execution' };
const FETCH = { type: 'web_fetch_20250910', name: 'web_fetch' };
const BASH = clientTool('Bash');
const LEGAL_NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;

function encode(tools: readonly object[], upstreamModel?: string, fields: object = {}): Encoded {
  const model = upstreamModel === undefined ? {} : { upstreamModel };
  return encodeBody({ ...says('hi'), tools, ...fields }, model);
}

function functions({ request }: Encoded): readonly Record<string, unknown>[] {
  return request.tools?.[0]?.functionDeclarations ?? [];
}

describe('tools at Gemini', () => {
  it('of the kinds that the client runs get a schema of their own', () => {
    const encoded = encode([
      { type: 'bash_20250124', name: 'bash' },
      { type: 'text_editor_20250728', name: 'str_replace_based_edit_tool' },
      { type: 'memory_20250818', name: 'memory' },
    ]);
    assert.deepEqual(
      functions(encoded).map(({ name }) => name),
      ['bash', 'str_replace_based_edit_tool', 'memory'],
    );
    assert.match(JSON.stringify(functions(encoded)[0]), /"command":\{"type":"string"/);
    assert.match(JSON.stringify(functions(encoded)[1]), /"enum":\["view","create"/);
    assert.match(JSON.stringify(functions(encoded)[2]), /"rename"/);
    assert.deepEqual(encoded.warnings, []);
  });

  it('of Google take the place of search and code execution', () => {
    const encoded = encode([SEARCH, PYTHON], GEMINI_25);
    assert.deepEqual(encoded.request.tools, [{ googleSearch: {}, codeExecution: {} }]);
    assert.deepEqual(encoded.warnings, ['max_uses of web_search_20250305 dropped']);
  });

  it('of Google mix with functions from Gemini 3 on only', () => {
    const older = encode([SEARCH, PYTHON, BASH], GEMINI_25);
    assert.deepEqual(Object.keys(older.request.tools?.[0] ?? {}), ['functionDeclarations']);
    assert.deepEqual(older.warnings, [
      'tool web_search_20250305 dropped',
      'tool code_execution_20250825 dropped',
    ]);
    assert.deepEqual(Object.keys(encode([SEARCH, BASH]).request.tools?.[0] ?? {}), [
      'functionDeclarations',
      'googleSearch',
    ]);
  });

  it('that run at Anthropic are refused alone and dropped beside others', () => {
    assert.throws(() => encode([FETCH]), {
      type: 'invalid_request_error',
      message: /^tools\.0\.type: web_fetch_20250910 .*vertex-gemini; remove it/,
    });
    assert.deepEqual(encode([FETCH, BASH]).warnings, ['tool web_fetch_20250910 dropped']);
  });

  it('that are placeholders are not declared', () => {
    const placeholder = { ...clientTool('DeferredToolPlaceholder', {}), defer_loading: true };
    const deferred = { ...BASH, defer_loading: true };
    const encoded = encode([placeholder, deferred]);
    assert.deepEqual(
      functions(encoded).map(({ name }) => name),
      ['Bash'],
    );
    assert.equal(encode([placeholder]).request.tools, undefined);
  });

  it('leave keys that belong to Anthropic out, and tell of those that matter', () => {
    const tool = {
      ...BASH,
      type: 'custom',
      strict: true,
      input_examples: [{ text: 'x' }],
      eager_input_streaming: true,
      cache_control: { type: 'ephemeral' },
    };
    const encoded = encode([tool]);
    assert.deepEqual(Object.keys(functions(encoded)[0] ?? {}), [
      'name',
      'description',
      'parametersJsonSchema',
    ]);
    assert.deepEqual(encoded.warnings, [
      'tool field input_examples dropped',
      'tool field strict dropped',
    ]);
  });

  it('without a name are refused, doubles are dropped', () => {
    assert.throws(() => encode([BASH, { input_schema: {} }]), {
      message: 'tools.1.name: Field required',
    });
    assert.deepEqual(encode([BASH, BASH]).warnings, ['second tool Bash dropped']);
  });

  it('cannot be chosen when they are gone', () => {
    const gone = encode([BASH], undefined, { tool_choice: { type: 'tool', name: 'Gone' } });
    assert.equal(gone.request.toolConfig, undefined);
    assert.deepEqual(gone.warnings, ['tool_choice Gone dropped']);
    const search = encode([SEARCH], undefined, {
      tool_choice: { type: 'tool', name: 'web_search' },
    });
    assert.equal(search.request.toolConfig, undefined);
    assert.equal(encode([BASH], undefined, { tool_choice: { type: 'new' } }).warnings.length, 1);
  });

  it('lose parameters whose names are too long', () => {
    const long = 'x'.repeat(65);
    const encoded = encode([clientTool('A', { [long]: {}, ok: { type: 'string' } })]);
    assert.deepEqual(encoded.warnings, [`property ${'x'.repeat(60)} of A dropped`]);
    assert.doesNotMatch(JSON.stringify(encoded.request), /x{65}/);
  });
});

describe('tool names at Gemini', () => {
  it('are respelled where they must be, in declarations, calls, results and choices', () => {
    const long = `mcp__server__${'x'.repeat(80)}`;
    const { request, toolNames } = encodeBody({
      tools: [clientTool(long), BASH],
      tool_choice: { type: 'tool', name: long },
      messages: [
        { role: 'user', content: 'go' },
        { role: 'assistant', content: [toolUse('a', long)] },
      ],
    });
    const name = String(request.tools?.[0]?.functionDeclarations?.[0]?.name);
    assert.match(name, LEGAL_NAME);
    assert.deepEqual([...toolNames], [[name, long]]);
    assert.equal(request.contents[1]?.parts[0]?.functionCall?.name, name);
    assert.equal(request.contents[2]?.parts[0]?.functionResponse?.name, name);
    assert.deepEqual(request.toolConfig?.functionCallingConfig, {
      mode: 'ANY',
      allowedFunctionNames: [name],
    });
  });

  it('stay apart and can be told back', () => {
    const same = 'y'.repeat(70);
    const spelled = new ToolNames([]).spell(same);
    const names = new ToolNames([spelled, same]);
    const all = [same, `${same}z`, '1st', '-dash', 'with space', 'ünïcode', ''];
    const spellings = all.map((name) => names.spell(name));
    assert.equal(new Set([...spellings, spelled]).size, all.length + 1);
    for (const [index, spelling] of spellings.entries()) {
      assert.match(spelling, LEGAL_NAME);
      assert.equal(names.respelled.get(spelling), all[index]);
      assert.equal(names.spell(all[index] ?? ''), spelling);
    }
  });
});
