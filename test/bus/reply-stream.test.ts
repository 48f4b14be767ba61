import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Bus, connectBus } from '../../bus/connect.ts';
import { CONTROL } from '../../bus/frames.ts';
import { createLog } from '../../bus/log.ts';
import { bytesOf, type Parcel } from '../../bus/parcel.ts';
import { type ReplyHost, startReplyHost } from '../../bus/reply-host.ts';
import { type ReplyHub, startReplyHub } from '../../bus/reply-hub.ts';
import type { ReplySender } from '../../bus/reply-sender.ts';
import type { LossReason, ReplyListener, ReplyStream } from '../../bus/reply-stream.ts';
import { LIMITS } from '../../config/limits.ts';
import { NO_USAGE } from '../../schemas/usage.ts';
import { startTestNats, type TestNats } from '../support/nats.ts';

const log = createLog({ level: 'silent', name: 'test' });
const END = { usage: NO_USAGE, stopReason: null };
const HEAD = { status: 200, headers: [], kind: 'sse', upstreamModel: 'm' } as const;

interface Pair extends AsyncDisposable {
  readonly host: ReplyHost;
  readonly hub: ReplyHub;
  readonly workerBus: Bus;
  readonly ingressBus: Bus;
}

type Spoil = (bus: Bus) => Bus;

/** A worker and an ingress, each with a connection of its own; what either publishes may be spoilt. */
async function startPair(
  nats: TestNats,
  spoils: { worker?: Spoil; ingress?: Spoil } = {},
): Promise<Pair> {
  const { worker = (bus) => bus, ingress = (bus) => bus } = spoils;
  const { url: servers, user, password } = nats;
  const workerBus = await connectBus({ servers, user, password, name: 'worker', log });
  const ingressBus = await connectBus({ servers, user, password, name: 'ingress', log });
  const host = startReplyHost(worker(workerBus), {
    workerId: `wk${randomBytes(4).toString('hex')}`,
  });
  const hub = startReplyHub(ingress(ingressBus), {
    ingressId: `in${randomBytes(4).toString('hex')}`,
  });
  await Promise.all([workerBus.connection.flush(), ingressBus.connection.flush()]);
  return {
    host,
    hub,
    workerBus,
    ingressBus,
    async [Symbol.asyncDispose]() {
      await hub[Symbol.asyncDispose]();
      await host[Symbol.asyncDispose]();
      await Promise.all([workerBus, ingressBus].map((bus) => bus[Symbol.asyncDispose]()));
    },
  };
}

interface Received {
  readonly stream: ReplyStream;
  readonly bytes: () => Buffer;
  readonly begun: Promise<void>;
  readonly ended: Promise<'end' | 'error' | LossReason>;
}

/** Opens a stream and collects what comes. `isFull` plays the client's socket. */
function receive(hub: ReplyHub, streamId: string, isFull: () => boolean = () => false): Received {
  const chunks: Buffer[] = [];
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<'end' | 'error' | LossReason>();
  const listener: ReplyListener = {
    onAccept: () => {},
    onHead: () => {},
    onData: (bytes) => {
      chunks.push(Buffer.from(bytes));
      begun.resolve();
      return !isFull();
    },
    onEnd: () => ended.resolve('end'),
    onError: () => ended.resolve('error'),
    onLost: ended.resolve,
  };
  const stream = hub.open(streamId, listener);
  return { stream, bytes: () => Buffer.concat(chunks), begun: begun.promise, ended: ended.promise };
}

async function send(sender: ReplySender, chunks: readonly Uint8Array[], urgentEvery = 3) {
  sender.head(HEAD);
  for (const [index, chunk] of chunks.entries()) {
    sender.write(chunk, index % urgentEvery === 0);
    if (!sender.isWritable) await sender.drained();
    if (sender.signal.aborted) return;
  }
  sender.end(END);
}

function open(pair: Pair, streamId: string): ReplySender {
  const sender = pair.host.open(streamId, pair.hub.ingressId);
  assert.ok(sender);
  return sender;
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('a reply stream delivers its bytes in order and ends once', async () => {
  await using nats = await startTestNats();
  await using pair = await startPair(nats);
  const chunks = Array.from({ length: 500 }, () => randomBytes(700));
  const received = receive(pair.hub, 's1');
  await send(open(pair, 's1'), chunks);
  assert.equal(await received.ended, 'end');
  assert.deepEqual(received.bytes(), Buffer.concat(chunks));
  assert.equal(pair.hub.openStreams, 0);
});

test('a write larger than the window and than max_payload arrives whole', async () => {
  await using nats = await startTestNats();
  await using pair = await startPair(nats);
  const whole = randomBytes(5_000_000);
  const received = receive(pair.hub, 's1');
  await send(open(pair, 's1'), [whole]);
  assert.equal(await received.ended, 'end');
  assert.equal(digest(received.bytes()), digest(whole));
});

test('streams survive loss, duplication and reordering of their messages', async () => {
  await using nats = await startTestNats();
  const plan = fc.record({
    seed: fc.integer(),
    sizes: fc.array(fc.integer({ min: 1, max: 6_000 }), { minLength: 1, maxLength: 60 }),
  });
  const streams = fc.array(plan, { minLength: 20, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(streams, fc.integer(), async (plans, seed) => {
      await using pair = await startPair(nats, { worker: (bus) => spoil(bus, seed) });
      await Promise.all(
        plans.map(async ({ sizes }, index) => {
          const chunks = sizes.map((size) => randomBytes(size));
          const received = receive(pair.hub, `s${index}`);
          void send(open(pair, `s${index}`), chunks);
          const ended = await received.ended;
          // Every message of the first second was lost: the ingress then dispatches again, and nothing was shown.
          if (ended === 'not-accepted') assert.equal(received.bytes().length, 0);
          else {
            assert.equal(ended, 'end');
            assert.equal(digest(received.bytes()), digest(Buffer.concat(chunks)));
          }
        }),
      );
    }),
    { numRuns: 3 },
  );
});

/** Loses, doubles or delays every third frame message, by a seeded sequence. */
function spoil(bus: Bus, seed: number): Bus {
  let state = seed | 0;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
  let held: [string, Uint8Array | Parcel] | null = null;
  const publish: Bus['publish'] = (subject, data, reply) => {
    const fate = reply === undefined ? random() : 1;
    if (fate < 0.1) return;
    if (fate < 0.2 && held === null) {
      held = [subject, data];
      return;
    }
    bus.publish(subject, data, reply);
    if (fate < 0.3) bus.publish(subject, data, reply);
    if (held !== null) bus.publish(...held);
    held = null;
  };
  return withPublish(bus, publish);
}

function withPublish(bus: Bus, publish: Bus['publish']): Bus {
  return new Proxy(bus, {
    get: (target, name) => (name === 'publish' ? publish : Reflect.get(target, name, target)),
  });
}

test('a slow reader stops the sender at the window and loses nothing', async () => {
  await using nats = await startTestNats();
  await using pair = await startPair(nats);
  let isFull = true;
  const received = receive(pair.hub, 's1', () => isFull);
  const sender = open(pair, 's1');
  const chunks = Array.from({ length: 300 }, () => randomBytes(2_000));
  let written = 0;
  const sending = (async () => {
    sender.head(HEAD);
    for (const chunk of chunks) {
      if (!sender.isWritable) await sender.drained();
      sender.write(chunk, true);
      written += chunk.length;
    }
    sender.end(END);
  })();
  await new Promise((resolve) => setTimeout(resolve, 1_500)); // longer than every heartbeat and probe
  assert.ok(written <= LIMITS.replyWindowBytesMax + 2_000, `${written} bytes left the sender`);
  isFull = false;
  received.stream.release();
  await sending;
  assert.equal(await received.ended, 'end');
  assert.equal(digest(received.bytes()), digest(Buffer.concat(chunks)));
});

test('a restart of nats-server loses no stream', async () => {
  await using nats = await startTestNats();
  await using pair = await startPair(nats);
  const chunks = Array.from({ length: 100 }, () => randomBytes(900));
  const half = Promise.withResolvers<void>();
  const restarted = Promise.withResolvers<void>();
  const streams = Array.from({ length: 50 }, (_, index) => {
    const received = receive(pair.hub, `s${index}`);
    const sender = open(pair, `s${index}`);
    const sending = (async () => {
      sender.head(HEAD);
      for (const [number, chunk] of chunks.entries()) {
        if (number === 40 && index === 49) half.resolve();
        if (number === 60) await restarted.promise;
        sender.write(chunk, true);
        await sender.drained();
      }
      sender.end(END);
    })();
    return { received, sending };
  });
  await half.promise;
  await nats.kill();
  await nats.restart();
  restarted.resolve();
  for (const { received, sending } of streams) {
    await sending;
    assert.equal(await received.ended, 'end');
    assert.equal(digest(received.bytes()), digest(Buffer.concat(chunks)));
  }
});

test('cancel() aborts the sender, also when its ACCEPT was still on the way', async () => {
  await using nats = await startTestNats();
  await using pair = await startPair(nats);
  const early = receive(pair.hub, 'early');
  early.stream.cancel();
  const sender = open(pair, 'early');
  await aborted(sender);
  const late = receive(pair.hub, 'late');
  const second = open(pair, 'late');
  second.write(randomBytes(10), true);
  await late.begun;
  late.stream.cancel();
  await aborted(second);
});

function aborted(sender: ReplySender): Promise<void> {
  if (sender.signal.aborted) return Promise.resolve();
  return new Promise((resolve) => sender.signal.addEventListener('abort', () => resolve()));
}

test('a worker whose connection is gone is known in less than 2 s', async () => {
  await using nats = await startTestNats();
  await using pair = await startPair(nats);
  const received = receive(pair.hub, 's1');
  open(pair, 's1').write(randomBytes(10), true);
  await received.begun;
  const startedAtMs = performance.now();
  await pair.workerBus.connection.close();
  assert.equal(await received.ended, 'worker-gone');
  assert.ok(performance.now() - startedAtMs < 2_000);
});

test('a cancelled stream still learns that its worker was gone', async () => {
  await using nats = await startTestNats();
  await using pair = await startPair(nats);
  const received = receive(pair.hub, 's1');
  open(pair, 's1').write(randomBytes(10), true);
  await received.begun;
  await pair.workerBus.connection.close();
  received.stream.cancel();
  assert.equal(await received.ended, 'no-responders');
});

test('a cancellation that is lost on its way is said again', async () => {
  await using nats = await startTestNats();
  let cancels = 0;
  const losesFirstCancel: Spoil = (bus) =>
    withPublish(bus, (subject, message, reply) => {
      const isCancel = bytesOf(message)[0] === CONTROL.CANCEL;
      if (isCancel) cancels += 1;
      if (!isCancel || cancels > 1) bus.publish(subject, message, reply);
    });
  await using pair = await startPair(nats, { ingress: losesFirstCancel });
  const received = receive(pair.hub, 's1');
  open(pair, 's1').write(randomBytes(10), true);
  await received.begun;
  await pair.workerBus.connection.close();
  received.stream.cancel();
  assert.equal(await received.ended, 'no-responders');
  assert.equal(cancels, 2);
});

test('a worker whose ingress is gone stops paying', async () => {
  await using nats = await startTestNats();
  await using pair = await startPair(nats);
  const received = receive(pair.hub, 's1');
  const sender = open(pair, 's1');
  sender.write(randomBytes(10), true);
  await received.begun;
  const startedAtMs = performance.now();
  await pair.ingressBus.connection.close();
  await aborted(sender);
  assert.ok(performance.now() - startedAtMs < LIMITS.ingressSilenceMsMax + 1_000);
});

test('an idle stream stays alive on heartbeats', async () => {
  await using nats = await startTestNats();
  await using pair = await startPair(nats);
  const received = receive(pair.hub, 's1');
  const sender = open(pair, 's1');
  await new Promise((resolve) => setTimeout(resolve, 4_000)); // past every silence limit
  assert.equal(sender.signal.aborted, false);
  sender.end(END);
  assert.equal(await received.ended, 'end');
});

test('a dispatch that nobody takes is given up after acceptMsMax', async () => {
  await using nats = await startTestNats();
  await using pair = await startPair(nats);
  const received = receive(pair.hub, 's1');
  const startedAtMs = performance.now();
  assert.equal(await received.ended, 'not-accepted');
  assert.ok(performance.now() - startedAtMs >= LIMITS.acceptMsMax);
});

test('open() refuses a stream id it has seen: a duplicate dispatch runs once', async () => {
  await using nats = await startTestNats();
  await using pair = await startPair(nats);
  receive(pair.hub, 's1');
  assert.ok(pair.host.open('s1', pair.hub.ingressId));
  assert.equal(pair.host.open('s1', pair.hub.ingressId), null);
});
