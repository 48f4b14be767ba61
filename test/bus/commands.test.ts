import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askCommand, askEveryone, serveCommand } from '../../bus/commands.ts';
import { type Bus, connectBus } from '../../bus/connect.ts';
import { createLog } from '../../bus/log.ts';
import { GatewayError } from '../../schemas/error.ts';
import { subjects } from '../../schemas/subjects.ts';
import { startTestNats, type TestNats } from '../support/nats.ts';

const log = createLog({ level: 'silent', name: 'test' });
const WAIT_MS = 5_000;
const EXPLAIN = subjects.routerCommand('explain');

function connect({ url: servers, user, password }: TestNats): Promise<Bus> {
  return connectBus({ servers, user, password, name: 'test', log });
}

test('a command is answered by one of those that serve it', async () => {
  await using nats = await startTestNats();
  await using asker = await connect(nats);
  await using server = await connect(nats);
  const asked: unknown[] = [];
  const handler = (payload: unknown) => {
    asked.push(payload);
    return { echo: payload };
  };
  serveCommand(server, EXPLAIN, handler, { queue: 'router', log });
  serveCommand(server, EXPLAIN, async (payload) => handler(payload), { queue: 'router', log });
  await server.connection.flush();
  const answer = await askCommand(asker, EXPLAIN, { model: 'a' }, WAIT_MS);
  assert.deepEqual(answer, { echo: { model: 'a' } });
  assert.deepEqual(asked, [{ model: 'a' }]);
});

test('nobody there: null at once; somebody who never answers: null after the wait', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  const startedAtMs = performance.now();
  assert.equal(await askCommand(bus, EXPLAIN, {}, WAIT_MS), null);
  assert.ok(performance.now() - startedAtMs < WAIT_MS / 2);
  serveCommand(bus, EXPLAIN, () => new Promise(() => {}), { log });
  assert.equal(await askCommand(bus, EXPLAIN, {}, 50), null);
});

test('errors travel: a GatewayError as it is, anything else as api_error without its words', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  serveCommand(
    bus,
    EXPLAIN,
    (payload) => {
      if (payload === 'theirs') throw new GatewayError('api_error', 'in words', { status: 503 });
      throw new Error('secret words');
    },
    { log },
  );
  const refused = (payload: string) =>
    askCommand(bus, EXPLAIN, payload, WAIT_MS).then(
      () => assert.fail('it was answered'),
      (error: unknown) => {
        assert.ok(error instanceof GatewayError);
        return error;
      },
    );
  const theirs = await refused('theirs');
  assert.deepEqual([theirs.type, theirs.message, theirs.status], ['api_error', 'in words', 503]);
  const ours = await refused('ours');
  assert.deepEqual([ours.type, ours.status], ['api_error', 500]);
  assert.doesNotMatch(ours.message, /secret/);
});

test('bytes that are no message are answered with an error, and the next command is served', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  serveCommand(bus, EXPLAIN, () => 'well', { log });
  const answered = Promise.withResolvers<void>();
  bus.subscribe('answers', () => answered.resolve());
  bus.publish(EXPLAIN, Buffer.from([0xc1]), 'answers');
  await answered.promise;
  assert.equal(await askCommand(bus, EXPLAIN, {}, WAIT_MS), 'well');
});

test('an answer that is too large for a message is an error', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  serveCommand(bus, EXPLAIN, () => 'x'.repeat(bus.connection.info?.max_payload ?? 0), { log });
  await assert.rejects(askCommand(bus, EXPLAIN, {}, WAIT_MS), GatewayError);
});

test('everyone answers; who fails is left out', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  const stats = subjects.routerCommand('stats');
  for (const name of ['a', 'b', 'c']) serveCommand(bus, stats, () => name, { log });
  const fails = () => {
    throw new GatewayError('api_error', 'no');
  };
  serveCommand(bus, stats, fails, { log });
  const answers = await askEveryone<string>(bus, stats, {}, { waitMs: WAIT_MS, quietMs: 100 });
  assert.deepEqual(answers.toSorted(), ['a', 'b', 'c']);
  assert.deepEqual(
    await askEveryone(bus, EXPLAIN, {}, { waitMs: WAIT_MS, quietMs: 100 }),
    [],
    'nobody serves it',
  );
});
