import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeliverPolicy, jetstream } from '@nats-io/jetstream';
import type { Bus } from '../../bus/connect.ts';
import { startObservationPublisher } from '../../bus/observation-publisher.ts';
import { openStateBucket, STATE_KEYS } from '../../bus/state-values.ts';
import { GatewayError } from '../../schemas/error.ts';
import type { Explanation } from '../../schemas/routing.ts';
import { STREAMS, subjects } from '../../schemas/subjects.ts';
import { eventually } from '../support/latch.ts';
import { startTestNats } from '../support/nats.ts';
import { requestFor } from './support/routing.ts';
import {
  command,
  connect,
  ended,
  rateLimited,
  route,
  startTestRouter,
  statsOf,
} from './support/running-router.ts';

const FROM = '127.0.0.1';
/** How soon all routers follow the operator. */
const FOLLOW_MS_MAX = 100;

async function strategies(bus: Bus): Promise<readonly string[]> {
  return [...(await statsOf(bus)).values()].map(({ strategy }) => strategy);
}

async function statusAt(bus: Bus, routerId: string, provider = 'anthropic'): Promise<string> {
  const stats = (await statsOf(bus)).get(routerId);
  return stats?.providers.find((health) => health.provider === provider)?.status ?? 'unknown';
}

/** Resolves once the kept snapshot knows this batch. */
function isKept(bus: Bus, source: string, sequence: number): Promise<void> {
  return eventually(async () => {
    const entry = await (await openStateBucket(bus)).get(STATE_KEYS.snapshot);
    return (entry?.json<{ asOf: Record<string, number> }>().asOf[source] ?? 0) >= sequence;
  }, `batch ${sequence} of ${source} is in the snapshot`);
}

async function adminEvents(bus: Bus): Promise<readonly { action: string; detail: object }[]> {
  const consumer = await jetstream(bus.connection).consumers.get(STREAMS.events, {
    deliver_policy: DeliverPolicy.All,
  });
  const events: { action: string; detail: object }[] = [];
  for await (const message of await consumer.fetch({ max_messages: 10, expires: 1_000 })) {
    events.push(message.json());
  }
  return events;
}

test('what the operator sets reaches every router and survives their restart', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using first = await startTestRouter(nats, 'rt1');
  await using second = await startTestRouter(nats, 'rt2');
  assert.deepEqual(await strategies(bus), ['availability', 'availability']);
  const settings = await command(bus, 'strategy', { strategy: 'cost', from: FROM });
  assert.deepEqual(settings, { v: 1, strategy: 'cost', maintenance: [] });
  await eventually(
    async () => (await strategies(bus)).every((strategy) => strategy === 'cost'),
    'both routers follow',
    FOLLOW_MS_MAX + 200, // a question to all takes 100 ms by itself
  );
  await command(bus, 'maintenance', { provider: 'anthropic', isOn: true, from: FROM });
  await eventually(
    async () =>
      (await statusAt(bus, 'rt1')) === 'maintenance' &&
      (await statusAt(bus, 'rt2')) === 'maintenance',
    'maintenance at both',
  );
  await Promise.all([first.events.flush(5_000), second.events.flush(5_000)]);
  await Promise.all([first, second].map((router) => router[Symbol.asyncDispose]()));

  await using _third = await startTestRouter(nats, 'rt3');
  const [decision] = await route(bus, [requestFor()]);
  assert.equal(decision?.strategy, 'cost');
  assert.ok(decision.targets.length > 0);
  assert.ok(decision.targets.every(({ provider }) => provider !== 'anthropic'));
  await command(bus, 'maintenance', { provider: 'anthropic', isOn: false, from: FROM });
  await eventually(async () => (await statusAt(bus, 'rt3')) === 'available', 'back again');
  await _third.events.flush(5_000);
  assert.deepEqual(
    (await adminEvents(bus)).map(({ action, detail }) => ({ action, detail })),
    [
      { action: 'routing-strategy', detail: { strategy: 'cost' } },
      { action: 'maintenance', detail: { provider: 'anthropic', isOn: true } },
      { action: 'maintenance', detail: { provider: 'anthropic', isOn: false } },
    ],
  );
});

test('nonsense in a command is refused and changes nothing', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using _router = await startTestRouter(nats, 'rt1');
  for (const [verb, payload] of [
    ['strategy', { strategy: 'best', from: FROM }],
    ['maintenance', { provider: 'nobody', isOn: true, from: FROM }],
    ['reset', {}],
  ] as const) {
    const refused = (error: unknown) => error instanceof GatewayError && error.status === 400;
    await assert.rejects(command(bus, verb, payload), refused);
  }
  assert.deepEqual(await strategies(bus), ['availability']);
});

test('a closed window is known after a restart, until the operator resets it', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using worker = startObservationPublisher(bus, { source: 'wk1' });
  const first = await startTestRouter(nats, 'rt1');
  worker.add(rateLimited(), { isUrgent: true });
  await eventually(async () => (await statusAt(bus, 'rt1')) === 'rate_limited', 'it is learned');
  await isKept(bus, 'wk1', 1);
  await first.kill();
  await first[Symbol.asyncDispose]();

  await using _second = await startTestRouter(nats, 'rt2');
  assert.equal(await statusAt(bus, 'rt2'), 'rate_limited');
  const [decision] = await route(bus, [requestFor()]);
  assert.notEqual(decision?.targets[0]?.provider, 'anthropic');
  await command(bus, 'reset', { provider: 'anthropic', account: null, from: FROM });
  await eventually(async () => (await statusAt(bus, 'rt2')) === 'available', 'the reset');
});

test('a router that ends in order keeps what it learned last', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using worker = startObservationPublisher(bus, { source: 'wk1' });
  const first = await startTestRouter(nats, 'rt1');
  await eventually(async () => (await statsOf(bus)).get('rt1')?.isLeader === true, 'it leads');
  worker.add(rateLimited(), { isUrgent: true });
  await eventually(async () => (await statusAt(bus, 'rt1')) === 'rate_limited', 'it is learned');
  await first[Symbol.asyncDispose]();
  await using _second = await startTestRouter(nats, 'rt2');
  assert.equal(await statusAt(bus, 'rt2'), 'rate_limited');
});

test('a restarted router knows where a conversation is at home', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using worker = startObservationPublisher(bus, { source: 'wk1' });
  await using first = await startTestRouter(nats, 'rt1');
  await command(bus, 'strategy', { strategy: 'intelligent', from: FROM });
  const usage = { ...ended().usage, cacheReadInputTokens: 9_000 };
  const visit = ended({ conversation: 'session-7', cacheTtlMs: 300_000, usage });
  worker.add(visit, { isUrgent: true });
  const question = requestFor({ sessionId: 'session-7' });
  const reason = async () => (await route(bus, [question]))[0]?.reason;
  await eventually(async () => (await reason()) === 'session', 'it is learned');
  await eventually(async () => {
    const entry = await (await openStateBucket(bus)).get(STATE_KEYS.conversations);
    return entry?.string().includes('session-7') === true;
  }, 'it is kept');
  await first.kill();
  await using _second = await startTestRouter(nats, 'rt2');
  assert.equal(await reason(), 'session');
});

test('a router that joins late knows what the others know', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using worker = startObservationPublisher(bus, { source: 'wk1' });
  await using _first = await startTestRouter(nats, 'rt1');
  for (let count = 0; count < 50; count += 1) worker.add(ended());
  worker.add(rateLimited(), { isUrgent: true });
  await isKept(bus, 'wk1', 1);
  await using _second = await startTestRouter(nats, 'rt2');
  // Written meanwhile: the late one hears it itself, before or after it took the snapshot.
  for (let count = 0; count < 50; count += 1) {
    worker.add(ended({ provider: 'openrouter', account: 'OPENROUTER_API_KEY' }), {
      isUrgent: true,
    });
  }
  await eventually(async () => {
    const stats = await statsOf(bus);
    const [one, other] = ['rt1', 'rt2'].map((id) => healthIn(stats.get(id)));
    return one?.openrouter?.successCount === 50 && isSame(one, other);
  }, 'both tell the same');
});

test('observations that one router lost heal by the snapshot of the leader', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using worker = startObservationPublisher(bus, { source: 'wk1' });
  await using _first = await startTestRouter(nats, 'rt1');
  await eventually(async () => (await statsOf(bus)).get('rt1')?.isLeader === true, 'it leads');
  let heard = 0;
  // Of the observations every second message stays out.
  const spoil = (whole: Bus): Bus => {
    const subscribe: Bus['subscribe'] = (subject, listener, options) =>
      whole.subscribe(
        subject,
        (message) => {
          const isObservation = subject === subjects.anyObservations();
          if (isObservation) heard += 1;
          if (isObservation && heard % 2 === 0) return;
          return listener(message);
        },
        options,
      );
    return Object.create(whole, { subscribe: { value: subscribe } }) as Bus; // the rest as it is
  };
  await using _second = await startTestRouter(nats, 'rt2', { spoil });
  for (let count = 0; count < 4; count += 1) worker.add(ended(), { isUrgent: true });
  worker.add(rateLimited(), { isUrgent: true });
  await eventually(async () => {
    const stats = await statsOf(bus);
    const [one, other] = ['rt1', 'rt2'].map((id) => healthIn(stats.get(id)));
    return one?.anthropic?.successCount === 4 && isSame(one, other);
  }, 'both tell the same');
  assert.ok(heard >= 5);
});

test('the leader reports health; explanations and statistics are told', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using _router = await startTestRouter(nats, 'rt1');
  const explanation = (await command(bus, 'explain', requestFor())) as Explanation;
  assert.equal(explanation.requestModel, 'claude-sonnet-5-5');
  assert.equal((await statsOf(bus)).get('rt1')?.decisions, 0);
  const [decision] = await route(bus, [requestFor()]);
  assert.deepEqual(explanation.decision.targets, decision?.targets);
  const stats = (await statsOf(bus)).get('rt1');
  assert.deepEqual(stats?.recentDecisions[0]?.decision, decision);
  assert.equal(stats?.decisions, 1);
  await eventually(async () => {
    const entry = await (await openStateBucket(bus)).get(STATE_KEYS.health);
    return entry?.json<{ providers: unknown[] }>().providers.length === stats?.providers.length;
  }, 'the health report');
});

test('a broken question does not silence the others of its message', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using _router = await startTestRouter(nats, 'rt1');
  const answers = await route(bus, [requestFor(), { v: 1 }, ['text'], requestFor()]);
  assert.deepEqual(
    answers.map((answer) => (answer?.targets.length ?? 0) > 0),
    [true, false, false, true],
  );
});

test('nonsense in the store harms nobody', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  const kv = await openStateBucket(bus);
  await kv.put(STATE_KEYS.settings, '{"v":1');
  await kv.put(STATE_KEYS.snapshot, JSON.stringify({ v: 1, fence: 1e9, asOf: {}, state: [null] }));
  await using worker = startObservationPublisher(bus, { source: 'wk1' });
  await using _router = await startTestRouter(nats, 'rt1');
  const [decision] = await route(bus, [requestFor()]);
  assert.ok((decision?.targets.length ?? 0) > 0);
  worker.add(ended(), { isUrgent: true });
  await isKept(bus, 'wk1', 1); // a new leader writes over what was there when it began to lead
});

test('settings and knowledge follow through a restart of nats-server', async () => {
  await using nats = await startTestNats();
  await using bus = await connect(nats);
  await using worker = startObservationPublisher(bus, { source: 'wk1' });
  await using _first = await startTestRouter(nats, 'rt1');
  await using _second = await startTestRouter(nats, 'rt2');
  await nats.kill();
  await nats.restart();
  await bus.whenConnected(10_000);
  await eventually(
    () =>
      command(bus, 'strategy', { strategy: 'performance', from: FROM }).then(
        () => true,
        () => false,
      ),
    'the strategy can be set',
  );
  await eventually(async () => {
    const stats = [...(await statsOf(bus)).values()];
    return stats.length === 2 && stats.every(({ strategy }) => strategy === 'performance');
  }, 'both routers follow');
  worker.add(rateLimited(), { isUrgent: true });
  await eventually(
    async () =>
      (await statusAt(bus, 'rt1')) === 'rate_limited' &&
      (await statusAt(bus, 'rt2')) === 'rate_limited',
    'both have learned',
  );
});

type Stats =
  Awaited<ReturnType<typeof statsOf>> extends ReadonlyMap<string, infer One> ? One : never;

// Without what changes by itself as time goes by.
function healthIn(stats: Stats | undefined) {
  return Object.fromEntries(
    (stats?.providers ?? []).map(({ provider, successCount, rateLimitCount, status, accounts }) => [
      provider,
      { successCount, rateLimitCount, status, accounts: accounts.map((each) => each.status) },
    ]),
  );
}

function isSame(one: object | undefined, other: object | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
