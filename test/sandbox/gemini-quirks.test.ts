import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BehaviourSpec } from '../../sandbox/control.ts';
import { partialArgs } from '../../sandbox/gemini/partial-args.ts';
import { QUIRKS, type Quirk } from '../../sandbox/quirks.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { type CallOptions, type CallResult, call } from './call.ts';
import { pick } from './chat-fold.ts';
import { foldGemini, geminiTool, user } from './gemini-fold.ts';
import { MODEL } from './gemini-refused.ts';

const PATH = `/v1beta1/projects/p1/locations/global/publishers/google/models/${MODEL}:streamGenerateContent?alt=sse`;
const HEADERS = { authorization: 'Bearer ya29.test' };
const ask = ({ url }: Sandbox, text = 'hi', options: CallOptions = {}): Promise<CallResult> =>
  call(url + PATH, JSON.stringify({ contents: [user({ text })], tools: [geminiTool('Bash')] }), {
    headers: HEADERS,
    ...options,
  });
const CALLS: BehaviourSpec = {
  answer: [
    { type: 'text', text: 'Two calls.' },
    { type: 'tool_use', name: 'Bash', input: { command: 'echo one', deep: [{ n: 1 }] } },
    { type: 'tool_use', name: 'Bash', input: { command: 'echo two' } },
  ],
};

const ODDITIES: Partial<Record<Quirk, (text: string) => void>> = {
  'prompt-blocked': (text) => {
    const [chunk, ...more] = foldGemini(text).chunks;
    assert.deepEqual([chunk?.['candidates'], more.length], [undefined, 0]);
    assert.equal(pick(chunk, 'promptFeedback', 'blockReason'), 'PROHIBITED_CONTENT');
  },
  'finish-malformed-call': (text) => {
    assert.equal(foldGemini(text).finish, 'MALFORMED_FUNCTION_CALL');
    assert.equal(foldGemini(text).parts.length, 0);
  },
  'content-empty': (text) =>
    assert.deepEqual([foldGemini(text).finish, foldGemini(text).parts], ['STOP', []]),
  'call-ids': (text) => {
    const ids = foldGemini(text).calls.map(({ id }) => id);
    assert.equal(new Set(ids).size, 2);
    assert.ok(ids.every((id) => /^call_/.test(String(id))));
  },
  'calls-apart': (text) => {
    const counts = foldGemini(text).chunks.map(
      (chunk) => JSON.stringify(chunk).split('"functionCall"').length - 1,
    );
    assert.deepEqual(counts.slice(-2), [1, 1]);
    assert.equal(foldGemini(text).signatures.length, 1);
  },
  'partial-args': (text) => {
    const { calls } = foldGemini(text);
    assert.deepEqual(calls[0], { name: 'Bash', willContinue: true });
    assert.equal(calls.filter((one) => Object.keys(one).length === 0).length, 2);
    assert.ok(calls.some((one) => pick(one, 'partialArgs', 0, 'jsonPath') === '$.deep[0].n'));
  },
  'partial-args-unfinished': (text) => {
    const { calls } = foldGemini(text);
    assert.equal(calls.filter((one) => Object.keys(one).length === 0).length, 1);
    assert.notDeepEqual(calls.at(-1), {});
  },
  'traffic-type-missing': (text) =>
    assert.equal(foldGemini(text).chunks.filter(({ usageMetadata }) => usageMetadata).length, 1),
};

test('every oddity of Gemini can be had, by the control and by a line in the prompt', async (t) => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  for (const [name, look] of Object.entries(ODDITIES) as [Quirk, (text: string) => void][]) {
    await t.test(name, async () => {
      assert.ok(QUIRKS[name]);
      sandbox.control.enqueue('vertex-gemini', { ...CALLS, quirks: [name] });
      look((await ask(sandbox)).text);
      sandbox.control.enqueue('vertex-gemini', CALLS);
      look((await ask(sandbox, `sandbox: quirk ${name}`)).text);
    });
  }
});

test('the pieces of any arguments name every value that is in them', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean())),
      (args) => {
        const pieces = partialArgs(args);
        const texts = new Map<unknown, string>();
        for (const { jsonPath, stringValue } of pieces) {
          if (typeof stringValue === 'string') {
            texts.set(jsonPath, (texts.get(jsonPath) ?? '') + stringValue);
          }
        }
        const strings = Object.values(args).filter((value) => typeof value === 'string');
        assert.deepEqual([...texts.values()].toSorted(), strings.toSorted());
        assert.equal(
          new Set(pieces.map(({ jsonPath }) => jsonPath)).size,
          Object.keys(args).length,
        );
      },
    ),
  );
});

test('faults inside the events of this wire', async (t) => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const play = (spec: BehaviourSpec): Promise<CallResult> => {
    sandbox.control.enqueue('vertex-gemini', { ...CALLS, ...spec });
    return ask(sandbox);
  };
  await t.test('an error stands behind the events, in no event', async () => {
    for (const preset of ['error-after-text', 'error-after-tool-use'] as const) {
      const { status, text, failure } = await play({ preset });
      assert.deepEqual([status, failure], [200, null]);
      const [events = '', raw = ''] = text.split(/(?<=\r\n\r\n)(?=\{\n)/);
      assert.equal(foldGemini(events).finish, undefined);
      assert.equal(foldGemini(events).calls.length > 0, preset === 'error-after-tool-use');
      assert.match(raw, /\n {2}"error": \{\n/);
      assert.deepEqual(pick(JSON.parse(raw), 'error', 'status'), 'UNAVAILABLE');
    }
    const first = await play({ preset: 'error-first' });
    assert.equal(pick(JSON.parse(first.text), 'error', 'code'), 503);
    const bare = foldGemini((await play({ preset: 'error-bare-google' })).text);
    assert.equal(pick(bare.chunks.at(-1), 'error', 'status'), 'UNAVAILABLE');
  });
  await t.test('a truncated stream, cut JSON, a doubled start, an unknown part', async () => {
    assert.equal(foldGemini((await play({ preset: 'no-message-stop' })).text).finish, undefined);
    const cut = (await play({ preset: 'invalid-json', answer: 'a long enough answer for it' }))
      .text;
    assert.throws(() => foldGemini(cut), SyntaxError);
    const { chunks } = foldGemini((await play({ preset: 'double-start' })).text);
    assert.deepEqual(chunks[0], chunks[1]);
    const later = foldGemini((await play({ preset: 'unknown-event' })).text);
    assert.deepEqual([later.finish, later.calls.length], ['STOP', 2]);
    assert.ok(later.parts.some((part) => part['laterPart'] !== undefined));
  });
  await t.test('a refusal is SAFETY, and usage can lie', async () => {
    const { chunks, finish } = foldGemini((await play({ stopReason: 'refusal' })).text);
    assert.equal(finish, 'SAFETY');
    assert.ok(pick(chunks.at(-1), 'candidates', 0, 'finishMessage'));
    const { usage } = foldGemini((await play({ preset: 'usage-negative' })).text);
    assert.ok(Number(usage['promptTokenCount']) < 0);
    assert.doesNotMatch((await play({ preset: 'usage-missing' })).text, /usageMetadata/);
  });
  await t.test('a cut socket and silence', async () => {
    const answer = 'a long enough answer to be cut';
    assert.match((await play({ preset: 'cut', answer })).failure ?? '', /ECONNRESET|aborted/);
    await sandbox.control.whenIdle();
    sandbox.control.enqueue('vertex-gemini', { preset: 'stall-mid-stream', answer });
    const ended = sandbox.control.nextEnd();
    await ask(sandbox, 'hi', { leaves: (all) => all.includes('"text"') });
    assert.deepEqual([(await ended).outcome, (await ended).fault], ['aborted', 'stall']);
  });
});
