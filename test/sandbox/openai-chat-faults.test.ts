import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BehaviourSpec } from '../../sandbox/control.ts';
import { startSandbox } from '../../sandbox/start.ts';
import { type CallResult, call } from './call.ts';
import { AUTHORIZATION, ask, bodyOf, PATHS, thoughtful } from './chat-call.ts';
import { chatTool, foldChat, type Json, pick } from './chat-fold.ts';

test('faults inside the events of this wire', async (t) => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const play = async (spec: BehaviourSpec, fields: Json = {}): Promise<CallResult> => {
    sandbox.control.enqueue('openai-compatible', { ...thoughtful, ...spec });
    return ask(sandbox, { tools: [chatTool('Bash')], ...fields });
  };
  await t.test('a truncated stream has no finish', async () => {
    const { failure, text } = await play({ preset: 'no-message-stop' });
    assert.equal(failure, null);
    assert.deepEqual([foldChat(text).finishes, foldChat(text).isDone], [[], false]);
    assert.equal(foldChat(text).calls.length, 2);
  });
  await t.test('an error is data, and the stream says it is done', async () => {
    for (const [preset, calls] of [
      ['error-first', 0],
      ['error-after-text', 0],
      ['error-after-tool-use', 2],
    ] as const) {
      const folded = foldChat((await play({ preset })).text);
      const error = pick(folded.chunks.at(-1), 'error') as Json;
      assert.deepEqual([error['message'], error['code'], folded.isDone], ['Overloaded', 503, true]);
      assert.deepEqual([folded.calls.length, folded.finishes], [calls, []]);
      assert.equal(folded.content !== '', preset !== 'error-first');
    }
  });
  await t.test('an error can be an event of its own', async () => {
    const { text } = await play({ preset: 'error-after-text', quirks: ['error-as-event'] });
    assert.match(text, /\nevent: error\ndata: \{"error":\{"message":"Overloaded".*\}\n\n$/);
  });
  await t.test('cut JSON, a second start, a splice, an unknown chunk, a huge one', async () => {
    assert.throws(() => foldChat('data: {\n\n'));
    const cut = (await play({ preset: 'invalid-json' })).text;
    assert.throws(() => foldChat(cut), SyntaxError);
    const twice = foldChat((await play({ preset: 'double-start' })).text);
    assert.deepEqual(twice.chunks[0], twice.chunks[1]);
    const spliced = foldChat((await play({ preset: 'spliced-message', answer: 'abcdefgh' })).text);
    assert.deepEqual([spliced.content, spliced.finishes], ['abcdabcdefghefgh', ['stop', 'stop']]);
    const later = foldChat((await play({ preset: 'unknown-event' })).text);
    assert.deepEqual([later.finishes, later.isDone], [['tool_calls'], true]);
    assert.ok(later.chunks.some(({ choices }) => choices === undefined));
    const huge = await play({ fault: { kind: 'huge-event', bytes: 100_000 } });
    assert.ok(foldChat(huge.text).content.length > 100_000);
  });
  await t.test('a cut socket, silence, and content without an end', async () => {
    assert.match((await play({ preset: 'cut' })).failure ?? '', /ECONNRESET|aborted/);
    await sandbox.control.whenIdle();
    const leaves = { leaves: (all: string): boolean => all.includes('"content":"') };
    sandbox.control.enqueue('openai-compatible', { preset: 'stall-mid-stream' });
    const ended = sandbox.control.nextEnd();
    await call(sandbox.url + PATHS['openai-compatible'], bodyOf(), {
      headers: AUTHORIZATION,
      ...leaves,
    });
    assert.deepEqual([(await ended).outcome, (await ended).fault], ['aborted', 'stall']);
    sandbox.control.enqueue('openai-compatible', { preset: 'endless' });
    const endless = sandbox.control.nextEnd();
    await call(sandbox.url + PATHS['openai-compatible'], bodyOf(), {
      headers: AUTHORIZATION,
      leaves: ({ length }) => length > 500_000,
    });
    assert.ok((await endless).tokensSent > 1_000);
  });
  await t.test('usage that lies or is missing', async () => {
    const { usage } = foldChat((await play({ preset: 'usage-negative' })).text);
    assert.ok(Number(usage?.['prompt_tokens']) < 0);
    assert.ok(Number(pick(usage, 'completion_tokens_details', 'reasoning_tokens')) < 0);
    assert.equal(foldChat((await play({ preset: 'usage-missing' })).text).usage, null);
  });
  await t.test('an error in a body with status 200', async () => {
    const fields = { stream: false, stream_options: undefined };
    const { status, text } = await play({ preset: 'error-first' }, fields);
    assert.deepEqual([status, JSON.parse(text).error.type], [200, 'server_error']);
  });
});
