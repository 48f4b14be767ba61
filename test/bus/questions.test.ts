import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bus, connectBus } from '../../bus/connect.ts';
import { createLog } from '../../bus/log.ts';
import { answerQuestions, serveQuestions } from '../../bus/questions.ts';
import { type ReplyHub, startReplyHub } from '../../bus/reply-hub.ts';
import { LIMITS } from '../../config/limits.ts';
import { subjects } from '../../schemas/subjects.ts';
import { startTestNats, type TestNats } from '../support/nats.ts';

const log = createLog({ level: 'silent', name: 'test' });
const WAIT_MS = 5_000;

async function connect({ url: servers, user, password }: TestNats): Promise<Bus> {
  return connectBus({ servers, user, password, name: 'test', log });
}

function fails(error: unknown): never {
  assert.fail(`a question was not answered: ${error}`);
}

interface Word {
  readonly word: string;
}

function ask(hub: ReplyHub, word: string, waitMs = WAIT_MS): Promise<unknown> {
  const question: Word = { word };
  return hub.ask(question, waitMs);
}

function echo(question: unknown): Word {
  return { word: `${(question as Word).word}!` };
}

test('questions of one turn travel in one message, and each gets its own answer', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using router = await connect(nats);
  await using hub = startReplyHub(bus, { ingressId: 'in1' });
  let messages = 0;
  router.subscribe(subjects.route(), (message) => {
    messages += 1;
    router.publish(message.reply, answerQuestions(message.data, echo, fails));
  });
  await Promise.all([bus.connection.flush(), router.connection.flush()]);
  const asked = Array.from({ length: 100 }, (_, index) => ask(hub, `${index}`));
  assert.deepEqual(
    await Promise.all(asked),
    Array.from({ length: 100 }, (_, index) => ({ word: `${index}!` })),
  );
  assert.equal(messages, 2);
  assert.deepEqual(await ask(hub, 'later'), { word: 'later!' });
});

test('without a router the answer is null at once', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using hub = startReplyHub(bus, { ingressId: 'in1' });
  await bus.connection.flush();
  const startedAtMs = performance.now();
  assert.equal(await ask(hub, 'a'), null);
  assert.ok(performance.now() - startedAtMs < WAIT_MS / 2);
});

test('a router that answers in part, or never, leaves the others null after the wait', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using router = await connect(nats);
  await using hub = startReplyHub(bus, { ingressId: 'in1' });
  let calls = 0;
  router.subscribe(subjects.route(), (message) => {
    calls += 1;
    if (calls > 1) return;
    const whole = answerQuestions(message.data, echo, fails).encode();
    router.publish(message.reply, whole.subarray(0, whole.length / 2)); // the first of two
  });
  await Promise.all([bus.connection.flush(), router.connection.flush()]);
  const waitMs = LIMITS.routeMsMax;
  const two = await Promise.all(['a', 'b'].map((word) => ask(hub, word, waitMs)));
  assert.deepEqual(two, [{ word: 'a!' }, null]);
  assert.equal(await ask(hub, 'c', waitMs), null);
});

test('a question that cannot be answered leaves the others of its message their answers', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using router = await connect(nats);
  await using hub = startReplyHub(bus, { ingressId: 'in1' });
  const failures: unknown[] = [];
  const failure = new Error('broken');
  const answer = (question: unknown) => {
    if ((question as Word).word === 'b') throw failure;
    return echo(question);
  };
  router.subscribe(subjects.route(), (message) => {
    const answers = answerQuestions(message.data, answer, (error) => failures.push(error));
    router.publish(message.reply, answers);
  });
  await Promise.all([bus.connection.flush(), router.connection.flush()]);
  const waitMs = LIMITS.routeMsMax;
  const asked = ['a', 'b', 'c'].map((word) => ask(hub, word, waitMs));
  assert.deepEqual(await Promise.all(asked), [{ word: 'a!' }, null, { word: 'c!' }]);
  assert.deepEqual(failures, [failure]);
});

test('a hub that closes answers what is open', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  const hub = startReplyHub(bus, { ingressId: 'in1' });
  const asked = ask(hub, 'a');
  await hub[Symbol.asyncDispose]();
  assert.equal(await asked, null);
});

test('who asks and answers in one process needs no message', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using hub = startReplyHub(bus, { ingressId: 'in1' });
  const failures: unknown[] = [];
  const service = serveQuestions(bus, {
    subject: subjects.route(),
    queue: 'router',
    answer: (question) => {
      if ((question as Word).word === 'bad') throw new Error('no such question');
      return echo(question);
    },
    onFailed: (error) => failures.push(error),
  });
  const before = bus.published;
  assert.deepEqual(await ask(hub, 'a'), { word: 'a!' });
  assert.equal(await ask(hub, 'bad'), null);
  assert.equal(bus.published, before);
  assert.equal(failures.length, 1);
  await service.drain();
  assert.equal(await ask(hub, 'a'), null);
});
