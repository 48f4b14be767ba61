import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LIMITS } from '../../config/limits.ts';
import { readMessagesRequest } from '../../ingress/read-request.ts';
import type { RequestClass } from '../../schemas/request-class.ts';

const FIXTURES = new URL('../../../shared/fixtures/claude-code/', import.meta.url);
const COMPACTION =
  'CRITICAL: Respond with TEXT ONLY. Do NOT call any "tools".\n\n- Do NOT use Read.\n';
const SUBAGENT_SYSTEM = [
  {
    type: 'text',
    text: 'x-anthropic-billing-header: cc_version=2.1.330.b25; cc_entrypoint=cli; cc_is_subagent=true;',
  },
  { type: 'text', text: 'You are an agent.' },
];
const TITLE_CONFIG = {
  effort: 'medium',
  format: { type: 'json_schema', schema: { properties: { title: { type: 'string' } } } },
};
const WEB_SEARCH = { type: 'web_search_20250305', name: 'web_search', max_uses: 8 };

type Fields = Readonly<Record<string, unknown>>;
type Headers = Readonly<Record<string, string>>;

function factsOf(fields: Fields, headers: Headers = {}) {
  const body = { model: 'm', max_tokens: 1, messages: [user('hi')], ...fields };
  return factsOfText(JSON.stringify(body), headers);
}

function factsOfText(text: string, headers: Headers = {}) {
  return readMessagesRequest(Buffer.from(text), {
    operation: 'messages',
    header: (name) => headers[name],
  }).facts;
}

function user(content: unknown) {
  return { role: 'user', content };
}

function text(words: string, more: Fields = {}) {
  return { type: 'text', text: words, ...more };
}

test('the class is read from the shape of a request', () => {
  const long = 'x'.repeat(6_000);
  const cases: readonly (readonly [what: string, fields: Fields, expected: RequestClass])[] = [
    ['a plain request', {}, 'main'],
    ['a subagent by its attribution', { system: SUBAGENT_SYSTEM }, 'subagent'],
    [
      'a later system block that speaks of subagents',
      { system: [text('y'.repeat(600)), text('cc_is_subagent=true')] },
      'main',
    ],
    ['a title', { output_config: TITLE_CONFIG, tools: [] }, 'title'],
    ['a title without tools at all', { output_config: TITLE_CONFIG }, 'title'],
    ['JSON of another form', { output_config: { format: { type: 'json_schema' } } }, 'main'],
    ['a title format with tools', { output_config: TITLE_CONFIG, tools: [{ name: 'a' }] }, 'main'],
    ['a title’s effort alone', { output_config: { effort: 'high' }, tools: [] }, 'main'],
    ['a search', { tools: [WEB_SEARCH] }, 'search'],
    ['a conversation that may search', { tools: [{ name: 'a' }, WEB_SEARCH] }, 'main'],
    ['compaction', { messages: [user(COMPACTION + long)] }, 'compaction'],
    ['compaction after a tool result', { messages: [user([text(COMPACTION)])] }, 'compaction'],
    [
      'compaction with a cache mark',
      {
        messages: [
          user([text('a'), text(COMPACTION + long, { cache_control: { type: 'ephemeral' } })]),
        ],
      },
      'compaction',
    ],
    [
      'compaction with tools',
      { messages: [user(COMPACTION)], tools: [{ name: 'a' }] },
      'compaction',
    ],
    [
      'compaction by a subagent',
      { messages: [user(COMPACTION)], system: SUBAGENT_SYSTEM },
      'compaction',
    ],
    ['compaction said long ago', { messages: [user(COMPACTION), user(long)] }, 'main'],
    ['compaction said just before', { messages: [user(COMPACTION), user('go on')] }, 'main'],
    ['compaction said in passing', { messages: [user(`${long} ${COMPACTION}`)] }, 'main'],
    [
      'compaction as somebody’s quotation',
      { messages: [user(`he wrote "text": "${COMPACTION}"`)] },
      'main',
    ],
  ];
  for (const [what, fields, expected] of cases) {
    assert.equal(factsOf(fields).requestClass, expected, what);
  }
});

test('the hint header has the last word, and side calls are told apart by their shape', () => {
  const hinted = (hint: string, fields: Fields = {}) =>
    factsOf(fields, { 'x-claude-code-request-class': hint }).requestClass;
  assert.equal(hinted('main', { messages: [user(COMPACTION)] }), 'main');
  assert.equal(hinted('subagent'), 'subagent');
  assert.equal(hinted('Compaction '), 'compaction');
  assert.equal(hinted('auxiliary'), 'auxiliary');
  assert.equal(hinted('auxiliary', { output_config: TITLE_CONFIG }), 'title');
  assert.equal(hinted('auxiliary', { tools: [WEB_SEARCH] }), 'search');
  assert.equal(hinted('main', { system: SUBAGENT_SYSTEM }), 'main');
  for (const nonsense of ['', 'nonsense', 'constructor', '__proto__']) {
    assert.equal(hinted(nonsense, { system: SUBAGENT_SYSTEM }), 'subagent', nonsense);
  }
});

test('the agent’s id makes a subagent and is kept when it is harmless', () => {
  const { requestClass, agentId } = factsOf({}, { 'x-claude-code-agent-id': 'aab32c259e9608bd0' });
  assert.deepEqual([requestClass, agentId], ['subagent', 'aab32c259e9608bd0']);
  assert.equal(factsOf({}, { 'x-claude-code-agent-id': 'a b*>' }).agentId, null);
});

test('the cache’s life is the longest that a cache_control asks for', () => {
  const marked = (control: unknown) => factsOf({ system: [text('a', { cache_control: control })] });
  assert.equal(factsOf({}).cacheTtlMs, 0);
  assert.equal(marked({ type: 'ephemeral' }).cacheTtlMs, 300_000);
  assert.equal(marked({ type: 'ephemeral', ttl: '5m' }).cacheTtlMs, 300_000);
  assert.equal(marked({ ttl: '1h', type: 'ephemeral' }).cacheTtlMs, 3_600_000);
  assert.equal(marked(null).cacheTtlMs, 0);
  assert.equal(factsOf({ cache_control: { type: 'ephemeral' } }).cacheTtlMs, 300_000);
  const both = [
    text('a', { cache_control: { type: 'ephemeral' } }),
    text('b', { cache_control: { type: 'ephemeral', ttl: '1h' } }),
  ];
  assert.equal(factsOf({ messages: [user(both)] }).cacheTtlMs, 3_600_000);
  const spaced =
    '{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"text","text":"a",' +
    '"cache_control" : { "type" : "ephemeral", "ttl" : "1h" }}]}]}';
  assert.equal(factsOfText(spaced).cacheTtlMs, 3_600_000);
});

test('words about caches and searches in a text are no marks', () => {
  const quoted = JSON.stringify({ cache_control: { type: 'ephemeral', ttl: '1h' } });
  assert.equal(factsOf({ messages: [user(quoted)] }).cacheTtlMs, 0);
  assert.equal(factsOf({ messages: [user('"cache_control"')] }).cacheTtlMs, 0);
  const tool = { name: 'web_search_local', description: '"type":"web_search_20250305"' };
  const { hasWebSearch, requestClass } = factsOf({ tools: [tool] });
  assert.deepEqual([hasWebSearch, requestClass], [false, 'main']);
  assert.equal(factsOf({ tools: [{ type: 'web_search_20260101' }] }).hasWebSearch, true);
  assert.equal(factsOf({ tools: [{ type: 'custom' }, WEB_SEARCH] }).hasWebSearch, true);
});

test('no more than requestMarksMax marks are looked at', () => {
  const plain = text('a', { cache_control: { type: 'ephemeral' } });
  const hour = text('b', { cache_control: { type: 'ephemeral', ttl: '1h' } });
  const behind = (count: number) => factsOf({ system: [...Array(count).fill(plain), hour] });
  assert.equal(behind(LIMITS.requestMarksMax - 1).cacheTtlMs, 3_600_000);
  assert.equal(behind(LIMITS.requestMarksMax).cacheTtlMs, 300_000);
});

/** Recordings by what the client was doing; the others are turns of the main conversation. */
const RECORDED: readonly (readonly [file: RegExp, expected: RequestClass])[] = [
  [/hint-headers\/00[45]-/, 'subagent'],
  [/2\.1\.330\/subagent\/00[45]-/, 'subagent'],
  [/2\.1\.330\/tui-basic\/002-/, 'title'],
  [/2\.1\.197\/(?:websearch|session-id|mcp|bash)\/002-/, 'title'],
  [/2\.1\.197\/websearch\/004-/, 'search'],
];

test('recorded Claude Code requests are classed', (t) => {
  if (!existsSync(FIXTURES)) return t.skip('the recordings are not on this machine');
  let count = 0;
  for (const file of globSync('*/*/*-POST-v1_messages.json', { cwd: FIXTURES })) {
    const { raw_headers, body } = JSON.parse(readFileSync(new URL(file, FIXTURES), 'utf8'));
    const pairs: readonly (readonly [string, string])[] = raw_headers;
    const headers = Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value]));
    const expected = RECORDED.find(([pattern]) => pattern.test(file))?.[1] ?? 'main';
    assert.equal(factsOfText(JSON.stringify(body), headers).requestClass, expected, file);
    const { 'x-claude-code-request-class': hint, ...unhinted } = headers;
    const byShape = factsOfText(JSON.stringify(body), unhinted).requestClass;
    assert.equal(byShape, expected, `${file} without ${hint ?? 'a hint'}`);
    count++;
  }
  assert.ok(count > 0, 'no recording was found');
  t.diagnostic(`${count} requests`);
});
