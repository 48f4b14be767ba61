import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectBus } from '../../bus/connect.ts';
import { createLog } from '../../bus/log.ts';
import { createToolStates } from '../../bus/tool-states.ts';
import { eventually } from '../support/latch.ts';
import { startTestNats, type TestNats } from '../support/nats.ts';

const log = createLog({ level: 'silent', name: 'test' });
const STATE = {
  v: 1,
  provider: 'vertex-gemini',
  model: 'gemini-3.1-pro-preview',
  upstreamId: null,
  thoughtSignature: 'c2lnbmF0dXJl',
  reasoningDetails: null,
  reasoningText: null,
} as const;

async function connect({ url: servers, user, password }: TestNats) {
  return connectBus({ servers, user, password, name: 'worker', log });
}

test('a tool state that one worker keeps is known to another', async () => {
  await using nats = await startTestNats();
  await using first = await connect(nats);
  await using second = await connect(nats);
  const states = createToolStates(first, { log });
  states.put('toolu_1', STATE);
  assert.deepEqual([...(await states.get(['toolu_1', 'toolu_2']))], [['toolu_1', STATE]]);
  await eventually(async () => {
    // A fresh store each time: an unknown id is not asked for again at once.
    const found = await createToolStates(second, { log }).get(['toolu_1']);
    return found.get('toolu_1')?.thoughtSignature === STATE.thoughtSignature;
  }, 'the state at the other worker');
});

test('ids that cannot be keys, and states that are too large for the bucket, harm nobody', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  const states = createToolStates(bus, { log });
  states.put('odd id.*>', STATE);
  states.put('toolu_big', { ...STATE, thoughtSignature: 'x'.repeat(200_000) });
  const found = await states.get(['odd id.*>', 'toolu_big', '', 'a'.repeat(500)]);
  assert.deepEqual([...found.keys()].sort(), ['odd id.*>', 'toolu_big']);
});

test('without a server what cannot be read is missing, in bounded time', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  const states = createToolStates(bus, { log });
  states.put('toolu_1', STATE);
  await nats.kill();
  const found = await states.get(['toolu_1', 'toolu_2']);
  assert.deepEqual([...found.keys()], ['toolu_1']);
  await nats.restart();
});
