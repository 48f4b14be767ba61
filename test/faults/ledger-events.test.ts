import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { type Bus, connectBus } from '../../bus/connect.ts';
import { createLog } from '../../bus/log.ts';
import { decodeRecords, encodeRecord } from '../../bus/spool-records.ts';
import { ensureStreams } from '../../bus/streams.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { STREAMS, subjects } from '../../schemas/subjects.ts';
import { usageEventSchema } from '../../schemas/usage.ts';
import { messagesBody, post, sandboxEnvironment } from '../support/gateway.ts';
import { eventually } from '../support/latch.ts';
import { type LedgerEvents, readLedgerEvents } from '../support/ledger-events.ts';
import { type PlainNats, startPlainNats } from '../support/plain-nats.ts';
import { freePort, type RoleProcess, startRoles } from '../support/processes.ts';

interface Cluster extends AsyncDisposable {
  readonly nats: PlainNats;
  readonly bus: Bus;
  readonly sandbox: Sandbox;
  readonly url: string;
  /** The folder that all processes share. */
  readonly spool: string;
  /** Starts a process with all roles. Disposing it kills it. */
  start(): Promise<RoleProcess>;
}

async function startCluster(): Promise<Cluster> {
  await using stack = new AsyncDisposableStack();
  const nats = stack.use(await startPlainNats());
  const sandbox = stack.use(await startSandbox({ host: '127.0.0.1', port: 0 }));
  const log = createLog({ level: 'silent', name: 'test' });
  const bus = stack.use(await connectBus({ servers: nats.url, name: 'test', log }));
  const dataDir = mkdtempSync(path.join(tmpdir(), 'gateway-test-'));
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const port = await freePort();
  const environment = {
    ...sandboxEnvironment(sandbox.url),
    PROVIDER_CHAIN: 'anthropic',
    NATS_URL: nats.url,
    GATEWAY_DATA_DIR: dataDir,
    GATEWAY_PORT: String(port),
    VERTEX_CLAUDE_PORT: 'off',
    VERTEX_GEMINI_PORT: 'off',
    GITHUB_MODELS_PORT: 'off',
    OPENROUTER_PORT: 'off',
  };
  const running = stack.move();
  return {
    nats,
    bus,
    sandbox,
    url: `http://127.0.0.1:${port}/v1/messages`,
    spool: path.join(dataDir, 'spool'),
    start: () => startRoles(['worker:anthropic', 'router', 'ingress'], environment),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

// JetStream stores and never says so: what a full disk looks like to its publishers.
async function setSilent(bus: Bus, isSilent: boolean): Promise<void> {
  const manager = await jetstreamManager(bus.connection);
  await manager.streams.update(STREAMS.events, { no_ack: isSilent });
}

// The events went to a disk that is gone.
async function forgetStored(bus: Bus): Promise<void> {
  const manager = await jetstreamManager(bus.connection);
  await manager.streams.delete(STREAMS.events);
  await ensureStreams(bus);
}

function spoolFiles(spool: string): readonly string[] {
  try {
    return readdirSync(spool).map((name) => path.join(spool, name));
  } catch {
    return []; // nothing was ever left
  }
}

function usageIdsIn(spool: string): ReadonlySet<string> {
  const records = spoolFiles(spool).flatMap((file) => decodeRecords(readFileSync(file)).records);
  const ids = records.flatMap(({ subject, id }) =>
    subject === subjects.usageEvent('anthropic') ? [id] : [],
  );
  return new Set(ids);
}

async function requests(cluster: Cluster, count: number): Promise<void> {
  const answers = Array.from({ length: count }, () => post(cluster.url, messagesBody()));
  for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
}

const NO_EVENTS: LedgerEvents = { reservations: [], finals: [], outcomes: [], order: [] };

// The stream that was lost with the server's disk is made anew by whoever has something to tell.
function noneYet(error: Error): LedgerEvents {
  if (error.name === 'StreamNotFoundError') return NO_EVENTS;
  throw error;
}

/** Waits for the ends of so many attempts, and checks that none is there twice. */
async function endsOf(cluster: Cluster, count: number): Promise<LedgerEvents> {
  let events: LedgerEvents = NO_EVENTS;
  await eventually(async () => {
    events = await readLedgerEvents(cluster.bus).catch(noneYet);
    return events.finals.length >= count;
  }, `${count} usage events`);
  const { finals } = events;
  assert.equal(finals.length, count);
  assert.equal(new Set(finals.map(({ id }) => id)).size, count);
  return events;
}

test('kill -9 with events on the disk: the next process of the folder tells them, once', async () => {
  await using cluster = await startCluster();
  await using first = await cluster.start();
  await requests(cluster, 5);
  await endsOf(cluster, 5);
  await setSilent(cluster.bus, true);
  await requests(cluster, 20);
  await eventually(() => usageIdsIn(cluster.spool).size === 20, 'on the disk');
  first.kill('SIGKILL');
  await first.exited;
  await forgetStored(cluster.bus);
  await using _second = await cluster.start();
  const { finals, reservations } = await endsOf(cluster, 20);
  assert.equal(new Set(reservations.map(({ attemptId }) => attemptId)).size, 20);
  assert.ok(finals.every(({ outcome, cost }) => outcome === 'completed' && cost !== null));
  await eventually(() => spoolFiles(cluster.spool).length === 0, 'the disk is cleared');
});

test('a record that was torn by the kill is left out, those before it are told', async () => {
  await using cluster = await startCluster();
  await using first = await cluster.start();
  await setSilent(cluster.bus, true);
  await requests(cluster, 3);
  await eventually(() => usageIdsIn(cluster.spool).size === 3, 'on the disk');
  first.kill('SIGKILL');
  await first.exited;
  const torn = encodeRecord({ subject: subjects.adminEvent(), id: 'torn', data: Buffer.alloc(99) });
  for (const file of spoolFiles(cluster.spool)) appendFileSync(file, torn.subarray(0, 60));
  await forgetStored(cluster.bus);
  await using second = await cluster.start();
  await endsOf(cluster, 3);
  await eventually(() => spoolFiles(cluster.spool).length === 0, 'the disk is cleared');
  assert.match(second.output(), /a spool file ends in a torn record/);
});

test('a process that ends while nats-server is away leaves its events to the next one', async () => {
  await using cluster = await startCluster();
  await using first = await cluster.start();
  cluster.sandbox.control.setBehaviour('anthropic', { outputTokens: 30, tokensPerSecond: 30 });
  const arrived = cluster.sandbox.control.nextRequest();
  const answer = post(cluster.url, messagesBody()).catch(() => {}); // its stream needs nats-server
  await arrived;
  await cluster.nats.kill();
  first.kill('SIGTERM');
  await eventually(() => usageIdsIn(cluster.spool).size === 1, 'on the disk');
  first.kill('SIGKILL');
  await first.exited;
  await answer;
  await cluster.nats.start();
  await using _second = await cluster.start();
  const { finals } = await endsOf(cluster, 1);
  usageEventSchema.parse(finals[0]);
});

test('kill -9 and restart of nats-server, its disk lost, while requests run: none is untold or told twice', async () => {
  await using cluster = await startCluster();
  await using gateway = await cluster.start();
  cluster.sandbox.control.setBehaviour('anthropic', {
    outputTokens: 100,
    tokensPerSecond: 50,
    chunksPerTick: 1,
  });
  const arrived = cluster.sandbox.control.nextRequest();
  const running = requests(cluster, 20);
  await arrived;
  await cluster.nats.kill();
  await cluster.nats.start({ hasData: false });
  await running;
  const { finals } = await endsOf(cluster, 20);
  assert.ok(
    finals.every(({ outcome }) => outcome === 'completed'),
    gateway.output(),
  );
});
