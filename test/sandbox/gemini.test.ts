import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { type CallOptions, type CallResult, call } from './call.ts';
import { type Json, pick } from './chat-fold.ts';
import {
  foldChunks,
  foldGemini,
  functionCall,
  functionResponse,
  geminiTool,
  model,
  user,
} from './gemini-fold.ts';
import { GEMINI_REFUSED, MODEL } from './gemini-refused.ts';
import { NO_RECORDINGS, recordings } from './recorded.ts';

const HEADERS = { authorization: 'Bearer ya29.test' };
const STREAM = 'streamGenerateContent?alt=sse';
const pathOf = (verb: string, { version = 'v1', region = 'global', name = MODEL } = {}): string =>
  `/${version}/projects/p1/locations/${region}/publishers/google/models/${name}:${verb}`;
const bodyOf = (fields: Json = {}): string =>
  JSON.stringify({ contents: [user({ text: 'Hello there' })], ...fields });
const ask = (
  { url }: Sandbox,
  fields: Json = {},
  { path = pathOf(STREAM), ...options }: CallOptions & { path?: string } = {},
): Promise<CallResult> => call(url + path, bodyOf(fields), { headers: HEADERS, ...options });
const messageOf = ({ text }: CallResult): unknown => pick(JSON.parse(text), 'error', 'message');

test('a stream is CRLF data without names or an end mark; counts come last', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const { headers, text } = await ask(sandbox);
  assert.match(String(headers['content-type']), /^text\/event-stream/);
  assert.match(text, /^data: \{.*\}\r\n\r\ndata: /);
  assert.doesNotMatch(text, /\[DONE\]|event:|[^\r]\n/);
  const { chunks, finish, usage, thoughts, signatures } = foldGemini(text);
  assert.deepEqual([finish, thoughts], ['STOP', '']);
  for (const { usageMetadata } of chunks.slice(0, -1)) {
    assert.deepEqual(usageMetadata, { trafficType: 'ON_DEMAND' });
  }
  // Thoughts that are not shown are counted, and a Gemini 3 signs its last text.
  assert.ok(Number(usage['thoughtsTokenCount']) > 0);
  assert.equal(signatures.length, 1);
  const { tokensSent, input } = sandbox.control.requests[0] ?? {};
  assert.equal(
    tokensSent,
    Number(usage['candidatesTokenCount']) + Number(usage['thoughtsTokenCount']),
  );
  assert.equal(input?.inputTokens, usage['promptTokenCount']);
});

test("an agent's loop runs: the call's signature must come back, siblings have none", async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const tools = [
    geminiTool('Bash', { type: 'OBJECT', properties: { command: { type: 'STRING' } } }),
  ];
  const question = user(
    { text: '<system-reminder>be brief</system-reminder>' },
    { text: 'sandbox: tool Bash {"command":"echo 1"}\nsandbox: tool Bash {"command":"echo 2"}' },
  );
  const generationConfig = { thinkingConfig: { includeThoughts: true, thinkingLevel: 'low' } };
  const called = foldGemini(
    (await ask(sandbox, { contents: [question], tools, generationConfig })).text,
  );
  assert.equal(called.finish, 'STOP');
  assert.ok(called.thoughts.length > 10);
  assert.deepEqual(called.calls, [
    { name: 'Bash', args: { command: 'echo 1' } },
    { name: 'Bash', args: { command: 'echo 2' } },
  ]);
  const callParts = called.parts.filter((part) => part['functionCall'] !== undefined);
  assert.equal(typeof callParts[0]?.['thoughtSignature'], 'string');
  assert.equal(callParts[1]?.['thoughtSignature'], undefined);
  const responses = user(functionResponse('Bash', '1'), functionResponse('Bash', '2'), {
    text: '<system-reminder>go on</system-reminder>',
  });
  const contents = [question, model(...callParts), responses];
  const answered = foldGemini((await ask(sandbox, { contents, tools })).text);
  assert.equal(answered.text, 'The tools answered:\n1. “1”\n2. “2”');
  const other = { path: pathOf(STREAM, { name: 'gemini-3.5-flash' }) };
  assert.equal(
    messageOf(await ask(sandbox, { contents, tools }, other)),
    'Invalid thought signature.',
  );
});

test('signatures are asked for in the current turn of a Gemini 3 only', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const loop = [user({ text: 'a' }), model(functionCall('Bash')), user(functionResponse('Bash'))];
  const older = [...loop, model({ text: 'done' }), user({ text: 'b' })];
  const second = { path: pathOf(STREAM, { name: 'gemini-2.5-pro' }) };
  assert.equal((await ask(sandbox, { contents: loop })).status, 400);
  assert.equal((await ask(sandbox, { contents: older })).status, 200);
  assert.equal((await ask(sandbox, { contents: loop }, second)).status, 200);
  const bypass = { thoughtSignature: 'skip_thought_signature_validator' };
  const [first, , last] = loop;
  const passed = { contents: [first, model(functionCall('Bash', bypass)), last] };
  assert.equal((await ask(sandbox, passed)).status, 200);
  assert.equal(messageOf(await ask(sandbox, passed, second)), 'Corrupted thought signature.');
});

test('Vertex AI refuses what the true one refuses, in its words', async (t) => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  for (const [fields, words] of GEMINI_REFUSED) {
    await t.test(String(words), async () => {
      const { status, text } = await ask(sandbox, fields);
      const { error } = JSON.parse(text);
      assert.deepEqual([status, error.code, error.status], [400, 400, 'INVALID_ARGUMENT']);
      assert.match(error.message, words);
    });
  }
});

test('JSON Schema is taken by v1beta1 only', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const parametersJsonSchema = { type: 'object', additionalProperties: false };
  const tools = [{ functionDeclarations: [{ name: 'Bash', parametersJsonSchema }] }];
  const beta = { path: pathOf(STREAM, { version: 'v1beta1' }) };
  assert.equal((await ask(sandbox, { tools }, beta)).status, 200);
  assert.match(
    String(messageOf(await ask(sandbox, { tools }))),
    /Unknown name "parametersJsonSchema"/,
  );
});

test('an answer is one object, an array of chunks, or a count, as the path says', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  sandbox.control.setBehaviour('vertex-gemini', { answer: 'one two three' });
  const whole = JSON.parse((await ask(sandbox, {}, { path: pathOf('generateContent') })).text);
  assert.equal(foldChunks([whole]).text, 'one two three');
  assert.equal(whole.candidates[0].content.parts.length, 1);
  const array = JSON.parse(
    (await ask(sandbox, {}, { path: pathOf('streamGenerateContent') })).text,
  );
  assert.ok(array.length > 2);
  assert.equal(foldChunks(array).text, 'one two three');
  const count = JSON.parse((await ask(sandbox, {}, { path: pathOf('countTokens') })).text);
  assert.equal(count.totalTokens, whole.usageMetadata.promptTokenCount);
});

test('models, regions, credentials and lengths that are wrong', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const unknown = await ask(
    sandbox,
    {},
    { path: pathOf(STREAM, { name: 'gemini-does-not-exist' }) },
  );
  assert.equal(unknown.status, 404);
  assert.equal(
    messageOf(unknown),
    'Publisher Model `projects/p1/locations/global/publishers/google/models/gemini-does-not-exist` not found.',
  );
  const region = await ask(sandbox, {}, { path: pathOf(STREAM, { region: 'nowhere' }) });
  assert.deepEqual(
    [region.status, region.headers['content-type']],
    [404, 'text/html; charset=UTF-8'],
  );
  assert.match(region.text, /^<!DOCTYPE html>/);
  const without = await ask(sandbox, {}, { headers: {} });
  assert.equal(pick(JSON.parse(without.text), 'error', 'status'), 'UNAUTHENTICATED');
  const long = await ask(sandbox, { contents: [user({ text: 'x'.repeat(5_000_000) })] });
  assert.match(
    String(messageOf(long)),
    /^The input token count \(125\d{4}\) exceeds the maximum number of tokens allowed \(1048576\)\.$/,
  );
});

test('a rate limit says in details how long to wait, inside an array where no events were asked for', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0, nowMs: () => 0 });
  sandbox.control.setBehaviour('vertex-gemini', { limits: { requestsPerMinute: 1 } });
  assert.equal((await ask(sandbox)).status, 200);
  const { status, headers, text } = await ask(sandbox);
  const { error } = JSON.parse(text);
  assert.deepEqual(
    [status, error.status, headers['retry-after']],
    [429, 'RESOURCE_EXHAUSTED', undefined],
  );
  assert.deepEqual(error.details, [
    { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '60s' },
  ]);
  const array = await ask(sandbox, {}, { path: pathOf('streamGenerateContent') });
  assert.equal(pick(JSON.parse(array.text), 0, 'error', 'code'), 429);
});

test('a prompt that was seen before is read from the cache', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const contents = [user({ text: 'x'.repeat(20_000) })];
  const cached = async (): Promise<unknown> =>
    foldGemini((await ask(sandbox, { contents })).text).usage['cachedContentTokenCount'];
  assert.equal(await cached(), undefined);
  assert.ok(Number(await cached()) > 4_000);
});

test('structured answers follow their schema in both notations', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  for (const schema of [
    { responseSchema: { type: 'OBJECT', properties: { title: { type: 'STRING' } } } },
    { responseJsonSchema: { type: 'object', properties: { title: { type: 'string' } } } },
  ]) {
    const generationConfig = { responseMimeType: 'application/json', ...schema };
    const { text } = foldGemini((await ask(sandbox, { generationConfig })).text);
    assert.deepEqual(JSON.parse(text), { title: 'Hello there' });
  }
});

test('what others sent to Vertex AI gets the status that it got', {
  skip: NO_RECORDINGS,
}, async (t) => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const recorded = recordings('vertex-gemini').filter(({ name }) => !name.endsWith('too-long'));
  assert.ok(recorded.length > 10);
  for (const { name, url, status, request, answer } of recorded) {
    await t.test(name, async () => {
      const { pathname, search } = new URL(url);
      // What was left out of a recording is no base64.
      const whole = request.replace(/\.\.\.<\d+ base64 chars elided>/, '');
      const result = await call(sandbox.url + pathname + search, whole, { headers: HEADERS });
      assert.equal(result.status, status, result.text);
      if (status !== 200) assert.deepEqual(JSON.parse(result.text), JSON.parse(answer));
    });
  }
});
