import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../config/limits.ts';
import { createTokenCounter } from '../../../workers/token-count/token-counter.ts';

const MODEL = 'claude-sonnet-4-5';
// Generous: the machine that runs the tests may be busy with others.
const BUSY_MS_MAX = 5_000;
const PROSE =
  'The quick brown fox wrote "const x = 1;" on line 12, and nobody minded.\nThen it rested. ';

function bodyOf(text: string): Buffer {
  return Buffer.from(JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: text }] }));
}

function thread(name: string): URL {
  return new URL(`support/${name}-thread.ts`, import.meta.url);
}

test('a body is counted, not estimated by its size', async () => {
  await using counter = createTokenCounter();
  const body = bodyOf('What is the capital of France?');
  const tokens = await counter.count(body, { model: MODEL });
  assert.ok(tokens >= 13 && tokens <= 15, `${tokens}`);
  assert.deepEqual(counter.stats(), { counted: 1, known: 0, estimated: 0 });
});

test('the body stays whole and usable, also when it is a view of a larger buffer', async () => {
  await using counter = createTokenCounter();
  const body = bodyOf('hello');
  const view = Buffer.concat([Buffer.from('x'), body, Buffer.from('y')]).subarray(1, -1);
  assert.equal(
    await counter.count(view, { model: MODEL }),
    await counter.count(body, { model: MODEL }),
  );
  assert.ok(view.equals(body));
  assert.equal(counter.stats().known, 1);
});

test('26 different bodies at once are all counted', async (context) => {
  await using counter = createTokenCounter();
  await counter.count(bodyOf('warm'), { model: MODEL });
  const bodies = Array.from({ length: 26 }, (_, index) =>
    bodyOf(`${index} ${PROSE.repeat(Math.ceil(50_000 / PROSE.length))}`),
  );
  const startMs = performance.now();
  const counts = await Promise.all(bodies.map((body) => counter.count(body, { model: MODEL })));
  const tookMs = performance.now() - startMs;
  context.diagnostic(`26 bodies of 50 KB: ${tookMs.toFixed(0)} ms`);
  assert.ok(tookMs < BUSY_MS_MAX, `${tookMs} ms`);
  assert.deepEqual(counter.stats(), { counted: 27, known: 0, estimated: 0 });
  for (const tokens of counts) assert.ok(tokens > 12_000 && tokens < 18_000, `${tokens}`);
});

test('26 equal bodies at once are counted once; another model is another count', async () => {
  await using counter = createTokenCounter();
  const body = bodyOf(PROSE.repeat(100));
  const counts = await Promise.all(
    Array.from({ length: 26 }, () => counter.count(body, { model: MODEL })),
  );
  assert.equal(new Set(counts).size, 1);
  assert.deepEqual(counter.stats(), { counted: 1, known: 25, estimated: 0 });
  await counter.count(body, { model: 'gpt-5-mini' });
  assert.deepEqual(counter.stats(), { counted: 2, known: 25, estimated: 0 });
});

const DEGENERATE = [
  ['one letter', 'a'.repeat(100_000)],
  ['spaces', ' '.repeat(100_000)],
  ['emoji', '\u{1F600}'.repeat(25_000)],
  ['base64', Buffer.alloc(75_000, 'ÿ\u0000\u0007q!x').toString('base64')],
  ['letters without spaces', Array.from({ length: 100_000 }, (_, i) => letter(i * i)).join('')],
  ['special tokens', '<EOT><META_START>'.repeat(6_000)],
  ['names of object methods', 'constructor __proto__ toString '.repeat(3_000)],
] as const;

function letter(seed: number): string {
  return String.fromCharCode(97 + ((seed * 7_919) % 26));
}

for (const [name, text] of DEGENERATE) {
  test(`100 KB of ${name} take bounded time and leave the event loop free`, async (context) => {
    await using counter = createTokenCounter();
    await counter.count(bodyOf('warm'), { model: MODEL });
    let turns = 0;
    let isCounting = true;
    const turn = () => {
      turns++;
      if (isCounting) setImmediate(turn);
    };
    setImmediate(turn);
    const startMs = performance.now();
    const tokens = await counter.count(bodyOf(text), { model: MODEL });
    isCounting = false;
    const tookMs = performance.now() - startMs;
    context.diagnostic(`${tokens} tokens, ${tookMs.toFixed(0)} ms, ${turns} turns of the loop`);
    assert.ok(tookMs < BUSY_MS_MAX, `${tookMs} ms`);
    assert.ok(turns > 10, `${turns} turns`);
    assert.ok(tokens > 100 && tokens < 120_000, `${tokens}`);
    assert.equal(counter.stats().counted, 2);
  });
}

for (const name of ['dying', 'throwing', 'missing']) {
  test(`a ${name} thread leaves the estimate`, async () => {
    await using counter = createTokenCounter({ thread: thread(name) });
    const counts = await Promise.all([
      counter.count(Buffer.alloc(380), { model: MODEL }),
      counter.count(Buffer.alloc(380), { model: MODEL, estimate: 7 }),
      counter.count(Buffer.alloc(0), { model: MODEL }),
    ]);
    assert.deepEqual(counts, [100, 7, 1]);
    assert.equal(await counter.count(Buffer.alloc(38), { model: MODEL }), 10);
    assert.deepEqual(counter.stats(), { counted: 0, known: 0, estimated: 4 });
  });
}

test('a silent thread is given up', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  await using counter = createTokenCounter({ thread: thread('silent') });
  const count = counter.count(Buffer.alloc(380), { model: MODEL });
  context.mock.timers.tick(LIMITS.tokenThreadSilenceMsMax);
  assert.equal(await count, 100);
});

test('a dead thread is replaced after a pause', async (context) => {
  let nowMs = 1_000;
  context.mock.method(performance, 'now', () => nowMs);
  await using counter = createTokenCounter({ thread: thread('dying-once') });
  assert.equal(await counter.count(Buffer.alloc(0), { model: MODEL }), 1);
  assert.equal(await counter.count(Buffer.alloc(38), { model: MODEL }), 10);
  nowMs += LIMITS.tokenThreadRestartMs;
  assert.equal(await counter.count(Buffer.alloc(38), { model: MODEL }), 42);
  assert.deepEqual(counter.stats(), { counted: 1, known: 0, estimated: 2 });
});

test('what the queue cannot take is estimated at once', async () => {
  await using counter = createTokenCounter();
  const counts = Array.from({ length: LIMITS.tokenCountsPendingMax + 5 }, () =>
    counter.count(bodyOf('hello'), { model: MODEL, estimate: 999 }),
  );
  const answers = await Promise.all(counts);
  assert.equal(answers.filter((tokens) => tokens === 999).length, 5);
  const large = Buffer.alloc(LIMITS.tokenCountsPendingBytesMax + 1);
  assert.equal(await counter.count(large, { model: MODEL, estimate: 5 }), 5);
});

test('a body that is no JSON object is estimated, and the thread lives on', async () => {
  await using counter = createTokenCounter();
  for (const text of ['', '[]', 'null', '{"messages":', '"x"']) {
    assert.equal(await counter.count(Buffer.from(text), { model: MODEL, estimate: 3 }), 3);
  }
  const deep = '['.repeat(200_000) + ']'.repeat(200_000);
  const message = `{"messages":[{"role":"user","content":[{"type":"tool_use","input":${deep}}]}]}`;
  assert.equal(await counter.count(Buffer.from(message), { model: MODEL, estimate: 4 }), 4);
  assert.ok((await counter.count(bodyOf('hello'), { model: MODEL })) < 20);
});

test('a closed counter answers what waits, and only estimates from then on', async () => {
  const counter = createTokenCounter();
  const waiting = counter.count(bodyOf('hello'), { model: MODEL, estimate: 5 });
  await counter[Symbol.asyncDispose]();
  assert.equal(await waiting, 5);
  assert.equal(await counter.count(bodyOf('hello'), { model: MODEL, estimate: 6 }), 6);
  await counter[Symbol.asyncDispose]();
});
