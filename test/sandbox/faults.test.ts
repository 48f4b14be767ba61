import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { test } from 'node:test';
import { FAULT_PRESETS, type FaultPresetName } from '../../sandbox/fault-presets.ts';
import { startSandbox } from '../../sandbox/start.ts';
import { parseEventStream } from '../support/event-parser.ts';
import { type CallResult, callTarget, TARGETS, targetOf } from './call.ts';
import { isJson, SYMPTOMS, type Symptom, whole } from './symptoms.ts';

const TOOL = { name: 'Bash', input_schema: { type: 'object', properties: {} } };
const ANSWER = [
  { type: 'text', text: 'Some words before the call.' },
  { type: 'tool_use', name: 'Bash', input: { command: 'echo hi' } },
] as const;

const SEPARATE = ['stall-before-headers', 'stall-after-headers', 'stall-mid-stream', 'endless'];

test('every fault has a symptom that is checked', () => {
  const checked = [...Object.keys(SYMPTOMS), ...SEPARATE].toSorted();
  assert.deepEqual(checked, Object.keys(FAULT_PRESETS).toSorted());
});

for (const target of TARGETS) {
  test(`${target.provider}: every fault shows its symptom on a real socket, once`, async (t) => {
    await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
    for (const [name, symptom] of Object.entries(SYMPTOMS) as [FaultPresetName, Symptom][]) {
      await t.test(name, async () => {
        const answer = [...ANSWER];
        sandbox.control.enqueue(target.provider, { preset: name, answer });
        const ended = sandbox.control.nextEnd();
        const isStream = name !== 'sse-to-json';
        const fields = { tools: [TOOL], stream: isStream };
        symptom(await callTarget(sandbox.url, target, fields), target);
        const record = await ended;
        const isFault = 'fault' in FAULT_PRESETS[name].behaviour && name !== 'reset-reused';
        assert.equal(record.outcome, isFault ? 'faulted' : 'completed');
        const after = await callTarget(sandbox.url, target, { tools: [TOOL] });
        whole(after, target);
      });
    }
  });
}

for (const [name, text] of [
  ['stall-before-headers', ''],
  ['stall-after-headers', ''],
  ['stall-mid-stream', 'content_block_delta'],
] as const) {
  test(`${name} leaves the socket open until the caller leaves`, async () => {
    await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
    const { control } = sandbox;
    control.enqueue('anthropic', { preset: name });
    const started = control.nextRequest();
    const leave = new AbortController();
    const gotHeaders = Promise.withResolvers<void>();
    let seen = '';
    const calling = callTarget(
      sandbox.url,
      targetOf('anthropic'),
      {},
      {
        onHeaders: gotHeaders.resolve,
        leaves: (all) => {
          seen = all;
          return leave.signal.aborted || (text !== '' && all.includes(text));
        },
        leave: leave.signal,
      },
    );
    const { sequence } = await started;
    if (name !== 'stall-before-headers') await gotHeaders.promise;
    if (text === '') leave.abort();
    const record = await control.nextEnd({ sequence });
    const result = await calling;
    assert.equal(record.outcome, 'aborted');
    assert.ok(record.abortedAtMs !== null);
    assert.equal(record.fault, 'stall');
    assert.equal(result.status, name === 'stall-before-headers' ? 0 : 200);
    assert.equal(parseEventStream(seen).length, text === '' ? 0 : 4);
  });
}

test('an endless answer goes on until the caller leaves', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const { control } = sandbox;
  control.enqueue('anthropic', { preset: 'endless', outputTokens: 3 });
  const ended = control.nextEnd();
  await callTarget(
    sandbox.url,
    targetOf('anthropic'),
    {},
    { leaves: ({ length }) => length > 500_000 },
  );
  const record = await ended;
  assert.equal(record.outcome, 'aborted');
  assert.ok(record.tokensSent > 3_000);
  assert.ok(record.answerBytes < 20_000_000);
});

test('a reset of a reused connection spares the first request', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  sandbox.control.setBehaviour('anthropic', { preset: 'reset-reused' });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const target = targetOf('anthropic');
  const fields = { stream: false };
  assert.equal((await callTarget(sandbox.url, target, fields, { agent })).status, 200);
  assert.equal((await callTarget(sandbox.url, target, fields, { agent })).failure, 'ECONNRESET');
  assert.equal((await callTarget(sandbox.url, target, fields, { agent })).status, 200);
  agent.destroy();
});

test('refused connections are refused, and accepted again on the same port', async () => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const ask = (): Promise<CallResult> => callTarget(sandbox.url, targetOf('anthropic'));
  await sandbox.control.refuseConnections();
  assert.equal((await ask()).failure, 'ECONNREFUSED');
  await sandbox.control.acceptConnections();
  assert.equal((await ask()).status, 200);
});

test('faults that belong to streams damage a JSON answer in their way', async (t) => {
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
  const ask = (preset: FaultPresetName): Promise<CallResult> => {
    sandbox.control.enqueue('anthropic', { preset });
    return callTarget(sandbox.url, targetOf('anthropic'), { stream: false });
  };
  await t.test('cut', async () => {
    const { failure, body, headers } = await ask('cut');
    assert.match(failure ?? '', /ECONNRESET|aborted/);
    assert.ok(body.length < Number(headers['content-length']));
  });
  await t.test('invalid-json', async () => {
    const { status: seen, failure, text } = await ask('invalid-json');
    assert.deepEqual([seen, failure, isJson(text)], [200, null, false]);
  });
  await t.test('usage-missing', async () => {
    assert.equal(JSON.parse((await ask('usage-missing')).text).usage, undefined);
  });
  await t.test('error-first', async () => {
    assert.equal(JSON.parse((await ask('error-first')).text).type, 'error');
  });
});
