import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { isJsonObject, type JsonObject, parseJson } from '../../../../workers/json.ts';
import { readMessagesRequest } from '../../../../workers/translation/messages-request.ts';
import { encodeGeminiRequest } from '../../../../workers/wire/gemini-generate/encode-request.ts';
import {
  type EncodeOverrides,
  encodeBody,
  GEMINI_3,
  GEMINI_25,
  geminiContext,
  type TestPart,
  type TestRequest,
} from '../../support/gemini-encode.ts';

const FIXTURES = path.join(import.meta.dirname, '../../../../../shared/fixtures');
const MISSING = !existsSync(FIXTURES) && 'the recorded requests are not on this machine';
const ANTHROPIC = [
  'recorded/{anthropic,vertex-anthropic,claude-code-client}/*.request.json',
  'claude-code/**/*POST*.json',
];
/** Requests that no model but Claude can serve, by the file's name. */
const REFUSED = new Map([['advisor-stream.request.json', /^tools\.0\.type: advisor_20260301 /]]);
const PERFORMANCE_BYTES = 100_000;
const PERFORMANCE_RUNS = 50;

function anthropicRequests(): readonly (readonly [name: string, body: JsonObject])[] {
  return globSync(ANTHROPIC, { cwd: FIXTURES }).flatMap((file) => {
    const read = parseJson(readFileSync(path.join(FIXTURES, file), 'utf8'));
    const body = isJsonObject(read) && isJsonObject(read.body) ? read.body : read;
    const isRequest = isJsonObject(body) && Array.isArray(body.messages);
    return isRequest ? [[file, body] as const] : [];
  });
}

function recordedGemini(file: string): TestRequest {
  const text = readFileSync(path.join(FIXTURES, 'recorded', file), 'utf8');
  return JSON.parse(text) as TestRequest;
}

function checkEncoded(body: JsonObject, options: EncodeOverrides): void {
  const { request, warnings } = encodeBody(JSON.stringify(body), options);
  assert.equal(request.contents[0]?.role, 'user');
  const texts = request.contents.flatMap(({ parts }) => parts.map(({ text }) => text));
  for (const said of textsOf(body)) assert.ok(texts.includes(said), 'every text is carried');
  const schemas = JSON.stringify(request.tools ?? []);
  assert.doesNotMatch(schemas, /"(?:\$schema|exclusiveMinimum|propertyNames|allOf|const)":/);
  assert.ok(warnings.every((warning) => !warning.startsWith('block ')));
}

/** What user and assistant said in so many words. */
function textsOf({ messages }: JsonObject): readonly string[] {
  const all = Array.isArray(messages) ? messages.filter(isJsonObject) : [];
  return all
    .filter(({ role }) => role !== 'system')
    .flatMap(({ content }) =>
      typeof content === 'string'
        ? [content]
        : (Array.isArray(content) ? content : []).flatMap((block: unknown) =>
            isJsonObject(block) && block.type === 'text' ? [String(block.text)] : [],
          ),
    )
    .filter((text) => text !== '');
}

/** The Anthropic conversation behind a recorded one, with the signatures in the store, and its ids. */
function conversationOf({ contents }: TestRequest) {
  const toolStates: Record<string, { thoughtSignature: string | null }> = {};
  const calls: string[] = [];
  const results: string[] = [];
  const messages = contents.map(({ role, parts }) => ({
    role: role === 'model' ? 'assistant' : 'user',
    content: parts.map((part) => blockOf(part, { toolStates, calls, results })),
  }));
  return { messages, toolStates };
}

function blockOf(
  part: TestPart,
  {
    toolStates,
    calls,
    results,
  }: {
    toolStates: Record<string, { thoughtSignature: string | null }>;
    calls: string[];
    results: string[];
  },
): object {
  const { text, functionCall, functionResponse, thoughtSignature } = part;
  if (functionCall !== undefined) {
    const id = `toolu_${calls.length}`;
    calls.push(id);
    toolStates[id] = { thoughtSignature: thoughtSignature ?? null };
    return { type: 'tool_use', id, name: functionCall.name, input: functionCall.args };
  }
  if (functionResponse !== undefined) {
    const id = calls[results.length];
    results.push(functionResponse.name);
    const content = JSON.stringify(functionResponse.response);
    return { type: 'tool_result', tool_use_id: id, content };
  }
  return { type: 'text', text };
}

describe('recorded requests to Anthropic', { skip: MISSING }, () => {
  const requests = MISSING === false ? anthropicRequests() : [];
  it('are there', () => assert.ok(requests.length > 60));

  for (const [name, body] of requests) {
    const refusal = REFUSED.get(path.basename(name));
    if (refusal !== undefined) {
      it(`are refused where their only tool runs at Anthropic: ${name}`, () => {
        assert.throws(() => encodeBody(JSON.stringify(body)), { message: refusal });
      });
      continue;
    }
    it(`become requests to Gemini: ${name}`, () => {
      for (const upstreamModel of [GEMINI_25, GEMINI_3]) {
        for (const usesJsonSchema of [true, false])
          checkEncoded(body, { upstreamModel, usesJsonSchema });
      }
    });
  }

  it('of Claude Code cause no warning', () => {
    const file = 'recorded/claude-code-client/messages-turn2-tool-result.request.json';
    const body = readFileSync(path.join(FIXTURES, file), 'utf8');
    const { request, warnings } = encodeBody(body, { upstreamModel: GEMINI_3 });
    assert.deepEqual(warnings, []);
    assert.deepEqual(
      request.contents.map(({ role }) => role),
      ['user', 'model', 'user'],
    );
    assert.deepEqual(request.generationConfig, {
      maxOutputTokens: 65_536,
      thinkingConfig: { includeThoughts: false, thinkingLevel: 'MEDIUM' },
    });
    const names = request.tools?.[0]?.functionDeclarations?.map((tool) => tool['name']) ?? [];
    assert.ok(names.includes('Bash') && !names.includes('DeferredToolPlaceholder'));
  });

  it('are encoded in about a millisecond of CPU per 100 KB', (test) => {
    const [, largest] = requests.toSorted(
      ([, a], [, b]) => JSON.stringify(b).length - JSON.stringify(a).length,
    )[0] ?? ['', {}];
    const turns = Array.isArray(largest.messages) ? largest.messages : [];
    const padding = { role: 'user', content: [{ type: 'text', text: 'lorem ipsum '.repeat(80) }] };
    const messages = [...turns];
    while (JSON.stringify({ ...largest, messages }).length < PERFORMANCE_BYTES)
      messages.push({ role: 'assistant', content: 'ok' }, padding);
    const bytes = Buffer.from(JSON.stringify({ ...largest, messages }));
    const request = readMessagesRequest(bytes);
    encodeGeminiRequest(request, geminiContext());
    const before = process.cpuUsage();
    for (let run = 0; run < PERFORMANCE_RUNS; run++) encodeGeminiRequest(request, geminiContext());
    const { user, system } = process.cpuUsage(before);
    const perRun = (user + system) / 1000 / PERFORMANCE_RUNS;
    test.diagnostic(`${perRun.toFixed(2)} ms CPU to encode ${bytes.length} bytes`);
  });
});

describe('recorded requests to Gemini', { skip: MISSING }, () => {
  const TURNS = [
    ['vertex-gemini/gemini31-thought-signature-turn2.request.json', GEMINI_3],
    ['vertex-gemini/stream-tools-turn2.request.json', GEMINI_3],
    ['vertex-gemini/gemini3-tool-result-image.request.json', GEMINI_3],
    ['gemini/parallel-tools-stream.request.json', GEMINI_25],
  ] as const;

  for (const [file, upstreamModel] of TURNS) {
    it(`come out of the conversation behind them, signatures included: ${file}`, () => {
      const recorded = recordedGemini(file);
      const { messages, toolStates } = conversationOf(recorded);
      const states = Object.entries(toolStates).map(([id, state]) => [
        id,
        { ...state, model: upstreamModel },
      ]);
      const { request } = encodeBody(
        { messages },
        { upstreamModel, toolStates: Object.fromEntries(states) },
      );
      assert.equal(request.contents.length, recorded.contents.length);
      for (const [index, { role, parts }] of recorded.contents.entries()) {
        const own = request.contents[index];
        assert.equal(own?.role, role);
        assert.deepEqual(own?.parts.map(shapeOf), parts.map(shapeOf));
      }
    });
  }
});

/** A part without what a tool answered: every client puts that in an object of its own. */
function shapeOf({ functionResponse, ...part }: TestPart): object {
  return functionResponse === undefined ? part : { answers: functionResponse.name };
}
