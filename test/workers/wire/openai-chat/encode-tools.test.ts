import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  DEFAULT_FLAVOUR,
  OPENROUTER_FLAVOUR,
} from '../../../../workers/wire/openai-chat/flavour.ts';
import { encode } from '../../support/openai-encode.ts';

const OPENROUTER = { flavour: OPENROUTER_FLAVOUR };
const SCHEMA = { type: 'object', properties: { a: { type: 'string' } } };
const READ = { name: 'Read', description: 'Reads.', input_schema: SCHEMA };
const WEB_SEARCH = { type: 'web_search_20250305', name: 'web_search', max_uses: 8 };

const functions = (tools: unknown, more: object = {}) =>
  encode({ tools, ...more }).body.tools?.map((tool) => tool.function) ?? [];

describe('the row "tools custom"', () => {
  it('is a function with the schema as it is, and nothing that only Anthropic knows', () => {
    const tool = {
      ...READ,
      type: 'custom',
      cache_control: { type: 'ephemeral' },
      eager_input_streaming: true,
      allowed_callers: ['direct'],
      input_schema: { $schema: 'https://json-schema.org/draft/2020-12/schema', ...SCHEMA },
    };
    assert.deepEqual(encode({ tools: [tool] }).body.tools, [
      { type: 'function', function: { name: 'Read', description: 'Reads.', parameters: SCHEMA } },
    ]);
  });

  it('has an object schema even without one', () => {
    for (const input_schema of [undefined, {}, { type: 'object' }, 'x'])
      assert.deepEqual(functions([{ name: 'a', input_schema }]), [
        { name: 'a', parameters: { type: 'object', properties: {} } },
      ]);
  });

  it('is strict only when its schema leaves no room', () => {
    const closed = { ...SCHEMA, required: ['a'], additionalProperties: false };
    const nested = { ...closed, properties: { a: { type: 'array', items: SCHEMA } } };
    const strict = (input_schema: object) =>
      functions([{ ...READ, input_schema, strict: true }])[0]?.['strict'];
    assert.equal(strict(closed), true);
    assert.equal(strict(SCHEMA), undefined);
    assert.equal(strict(nested), undefined);
    assert.equal(functions([{ ...READ, input_schema: closed }])[0]?.['strict'], undefined);
    assert.deepEqual(encode({ tools: [{ ...READ, strict: true }] }).warnings, [
      'strict dropped from tool Read: its schema leaves room',
    ]);
  });

  it('has its examples in the description', () => {
    const tool = { ...READ, input_examples: [{ a: 'x' }] };
    assert.equal(functions([tool])[0]?.['description'], 'Reads.\nExamples of input:\n{"a":"x"}');
  });

  it('is sent though its loading is deferred, but for the placeholder', () => {
    const tools = [
      { ...READ, defer_loading: true },
      { name: 'DeferredToolPlaceholder', defer_loading: true, input_schema: SCHEMA },
    ];
    assert.deepEqual(
      functions(tools).map(({ name }) => name),
      ['Read'],
    );
  });

  it('is refused without a name', () => {
    assert.throws(() => encode({ tools: [{ input_schema: SCHEMA }] }), {
      type: 'invalid_request_error',
      message: 'tools.0.name: Field required',
    });
  });

  it('is left out with its choice for a model that has none', () => {
    const fields = { tools: [READ], tool_choice: { type: 'any' } };
    const { body, warnings } = encode(fields, { model: { hasTools: false } });
    assert.ok(!('tools' in body) && !('tool_choice' in body));
    assert.deepEqual(warnings, ['tools dropped: the model has none']);
  });

  it('leaves no empty list', () => {
    assert.ok(!('tools' in encode({ tools: [], tool_choice: { type: 'auto' } }).body));
  });
});

describe('the row "tool name >64 or bad chars"', () => {
  const long = `mcp__server__${'tool'.repeat(20)}`;

  it('is respelled alike in tools, choice and history, and can be undone', () => {
    const { body, toolNames } = encode({
      tools: [{ name: long }, { name: 'a.b' }, READ],
      tool_choice: { type: 'tool', name: long },
      messages: [
        { role: 'user', content: 'q' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: long, input: {} }] },
      ],
    });
    const names = body.tools?.map((tool) => String(tool.function['name'])) ?? [];
    for (const name of names) assert.match(name, /^[a-zA-Z0-9_-]{1,64}$/);
    assert.deepEqual(
      names.map((name) => toolNames.get(name)),
      [long, 'a.b', undefined],
    );
    assert.deepEqual(body['tool_choice'], { type: 'function', function: { name: names[0] } });
    assert.equal(body.messages[1]?.tool_calls?.[0]?.function.name, names[0]);
  });

  it('stays apart from names that begin alike, and is the same in every request', () => {
    const names = () =>
      functions([{ name: `${long}1` }, { name: `${long}2` }, { name: 'a b' }, { name: 'a.b' }]);
    assert.equal(new Set(names().map(({ name }) => name)).size, 4);
    assert.deepEqual(names(), names());
  });
});

describe('the row "bash_/text_editor_/memory_/computer typed tools"', () => {
  const parameters = (tool: object) => {
    const [only] = functions([tool]);
    return only?.['parameters'] as { properties: Record<string, { enum?: string[] }> };
  };

  it('publishes the known schema under the name of the tool', () => {
    assert.deepEqual(Object.keys(parameters({ type: 'bash_20250124', name: 'bash' }).properties), [
      'command',
      'restart',
    ]);
    const names = functions([
      { type: 'bash_20250124', name: 'bash' },
      { type: 'text_editor_20250728', name: 'str_replace_based_edit_tool' },
      { type: 'memory_20250818', name: 'memory' },
      {
        type: 'computer_20251124',
        name: 'computer',
        display_width_px: 800,
        display_height_px: 600,
      },
    ]);
    assert.deepEqual(
      names.map(({ name }) => name),
      ['bash', 'str_replace_based_edit_tool', 'memory', 'computer'],
    );
    assert.match(String(names[3]?.['description']), /800x600/);
  });

  it('knows what the versions can', () => {
    const commands = (type: string) => parameters({ type }).properties['command']?.enum;
    assert.ok(commands('text_editor_20250124')?.includes('undo_edit'));
    assert.ok(!commands('text_editor_20250728')?.includes('undo_edit'));
    assert.ok(commands('memory_20250818')?.includes('rename'));
    const actions = (enable_zoom: boolean) =>
      parameters({ type: 'computer_20251124', enable_zoom }).properties['action']?.enum;
    assert.ok(actions(true)?.includes('zoom') && !actions(false)?.includes('zoom'));
  });

  it('refuses toolsets, whose members have no names of their own', () => {
    assert.throws(() => encode({ tools: [{ type: 'computer_toolset_20260801' }] }), {
      type: 'invalid_request_error',
      message: /cannot run computer_toolset_20260801/,
    });
  });
});

describe('the row "server tools"', () => {
  it('is the web plugin at OpenRouter, with no choice of a tool that is not there', () => {
    const fields = { tools: [WEB_SEARCH], tool_choice: { type: 'tool', name: 'web_search' } };
    const { body, warnings } = encode(fields, OPENROUTER);
    assert.deepEqual(body['plugins'], [{ id: 'web' }]);
    assert.ok(!('tools' in body) && !('tool_choice' in body));
    assert.deepEqual(warnings, ['web_search max_uses dropped']);
  });

  for (const type of ['web_search_20260318', 'web_fetch_20260318', 'code_execution_20260521'])
    it(`refuses ${type} alone, and drops it beside others`, () => {
      assert.throws(() => encode({ tools: [{ type, name: 'x' }] }), {
        type: 'invalid_request_error',
        message: new RegExp(`cannot run ${type}`),
      });
      const { body, warnings } = encode({ tools: [{ type, name: 'x' }, READ] });
      assert.equal(body.tools?.length, 1);
      assert.deepEqual(warnings, [`tool ${type} dropped`]);
    });

  it('drops tool search, advisor and MCP toolsets, and sends the tools that were to be found', () => {
    const tools = [
      { type: 'tool_search_tool_bm25_20251119', name: 'tool_search_tool_bm25' },
      { type: 'advisor_20260301', name: 'advisor' },
      { type: 'mcp_toolset', mcp_server_name: 'x' },
      { ...READ, defer_loading: true },
    ];
    const { body, warnings } = encode({ tools, mcp_servers: [{ name: 'x' }] });
    assert.deepEqual(
      body.tools?.map((tool) => tool.function['name']),
      ['Read'],
    );
    assert.deepEqual(warnings, [
      'mcp_servers dropped',
      'tool tool_search_tool_bm25_20251119 dropped',
      'tool advisor_20260301 dropped',
      'tool mcp_toolset dropped',
    ]);
  });
});

describe('system messages that change the tools', () => {
  const change = (type: string, tool: object) => ({ role: 'system', content: [{ type, tool }] });
  const reference = (name: string) => ({ type: 'tool_reference', name });
  const definition = {
    type: 'tool_definition',
    definition: { name: 'Grep', input_schema: SCHEMA },
  };
  const sent = (...changes: object[]) =>
    encode({ tools: [READ], messages: [{ role: 'user', content: 'q' }, ...changes] });
  const names = (...changes: object[]) =>
    sent(...changes).body.tools?.map((tool) => tool.function['name']);

  it('add tools by definition, withdraw them, and bring them back', () => {
    assert.deepEqual(names(change('tool_addition', definition)), ['Read', 'Grep']);
    assert.deepEqual(
      names(change('tool_addition', definition), change('tool_removal', reference('Read'))),
      ['Grep'],
    );
    assert.deepEqual(
      names(change('tool_removal', reference('Read')), change('tool_addition', reference('Read'))),
      ['Read'],
    );
  });

  it('tell the model', () => {
    const { body } = sent(
      change('tool_addition', definition),
      change('tool_removal', reference('Read')),
    );
    assert.equal(
      body.messages[0]?.content,
      'q\n\n<system-reminder>\nTool now available: Grep\n</system-reminder>\n\n<system-reminder>\nTool no longer available: Read\n</system-reminder>',
    );
  });

  it('are told when they mean MCP servers, which no other provider has', () => {
    const toolset = { type: 'mcp_toolset_reference', server_name: 'x' };
    assert.deepEqual(sent(change('tool_addition', toolset)).warnings, [
      'block tool_addition dropped',
    ]);
  });
});

describe('the row "tool_choice auto/any/tool/none"', () => {
  const choice = (tool_choice: object, flavour = DEFAULT_FLAVOUR) => {
    const { body, warnings } = encode({ tools: [READ], tool_choice }, { flavour });
    return [body['tool_choice'], body['parallel_tool_calls'], ...warnings];
  };

  it('maps each', () => {
    assert.deepEqual(choice({ type: 'auto' }), ['auto', undefined]);
    assert.deepEqual(choice({ type: 'any' }), ['required', undefined]);
    assert.deepEqual(choice({ type: 'none' }), ['none', undefined]);
    assert.deepEqual(choice({ type: 'tool', name: 'Read' }), [
      { type: 'function', function: { name: 'Read' } },
      undefined,
    ]);
  });

  it('tells what the server does not know', () => {
    const flavour = {
      ...DEFAULT_FLAVOUR,
      acceptsRequiredToolChoice: false,
      acceptsParallelToolCalls: false,
    };
    assert.deepEqual(choice({ type: 'any', disable_parallel_tool_use: true }, flavour), [
      'auto',
      undefined,
      'tool_choice any sent as auto',
      'disable_parallel_tool_use dropped',
    ]);
    assert.deepEqual(choice({ type: 'whim' }), [undefined, undefined, 'tool_choice whim dropped']);
    assert.deepEqual(choice({ type: 'tool', name: 'Gone' }), [
      undefined,
      undefined,
      'tool_choice dropped: its tool is not sent',
    ]);
  });

  it('asks for one call at a time', () => {
    assert.deepEqual(choice({ type: 'auto', disable_parallel_tool_use: true }), ['auto', false]);
  });
});
