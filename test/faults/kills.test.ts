import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { test } from 'node:test';
import { connectBus } from '../../bus/connect.ts';
import { createLog } from '../../bus/log.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { messagesBody, post, readUsageEvents, sandboxEnvironment } from '../support/gateway.ts';
import { startTestNats, type TestNats } from '../support/nats.ts';
import { freePort, type RoleProcess, startRoles } from '../support/processes.ts';

interface Cluster extends AsyncDisposable {
  readonly nats: TestNats;
  readonly sandbox: Sandbox;
  readonly url: string;
  readonly worker: RoleProcess;
  readonly router: RoleProcess;
  readonly ingress: RoleProcess;
  readonly environment: Record<string, string>;
}

/** One process per role around a nats-server, with the sandbox as upstream. */
async function startCluster(): Promise<Cluster> {
  await using stack = new AsyncDisposableStack();
  const nats = stack.use(await startTestNats());
  const sandbox = stack.use(await startSandbox({ host: '127.0.0.1', port: 0 }));
  const port = await freePort();
  const environment = {
    ...sandboxEnvironment(sandbox.url),
    PROVIDER_CHAIN: 'anthropic',
    NATS_URL: nats.url.replace('nats://', `nats://${nats.user}:${nats.password}@`),
    GATEWAY_PORT: String(port),
    VERTEX_CLAUDE_PORT: 'off',
    VERTEX_GEMINI_PORT: 'off',
    GITHUB_MODELS_PORT: 'off',
    OPENROUTER_PORT: 'off',
  };
  const [worker, router, ingress] = await Promise.all(
    ['worker:anthropic', 'router', 'ingress'].map((role) => startRoles([role], environment)),
  );
  if (worker === undefined || router === undefined || ingress === undefined) throw new Error();
  for (const role of [worker, router, ingress]) stack.use(role);
  const running = stack.move();
  return {
    nats,
    sandbox,
    worker,
    router,
    ingress,
    environment,
    url: `http://127.0.0.1:${port}/v1/messages`,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Starts a streaming request; `begun` resolves at its first bytes, `ended` with the whole text or the error. */
function stream(url: string, body = messagesBody()) {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<string>();
  const call = request(url, { method: 'POST', headers: { 'content-type': 'application/json' } });
  call.on('error', ended.reject);
  call.on('response', (response) => {
    const pieces: Buffer[] = [];
    response.on('data', (piece: Buffer) => {
      pieces.push(piece);
      begun.resolve();
    });
    response.on('error', ended.reject);
    response.on('end', () => ended.resolve(Buffer.concat(pieces).toString()));
  });
  call.end(body);
  ended.promise.catch(() => {}); // looked at by the test when it wants to
  return { begun: begun.promise, ended: ended.promise };
}

const SLOW = { outputTokens: 100_000, tokensPerSecond: 200, chunksPerTick: 1 } as const;

async function eventsOf(cluster: Cluster, count: number) {
  const { url: servers, user, password } = cluster.nats;
  const log = createLog({ level: 'silent', name: 'test' });
  await using bus = await connectBus({ servers, user, password, name: 'test', log });
  for (let round = 0; round < 100; round += 1) {
    const events = await readUsageEvents(bus);
    if (events.length >= count) return events;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`fewer than ${count} usage events`);
}

test('kill -9 of a worker in mid-stream: an error event in < 2 s and one estimated usage event', async () => {
  await using cluster = await startCluster();
  cluster.sandbox.control.setBehaviour('anthropic', SLOW);
  const { begun, ended } = stream(cluster.url);
  await begun;
  const killedAtMs = performance.now();
  cluster.worker.kill('SIGKILL');
  const text = await ended;
  assert.ok(performance.now() - killedAtMs < 2_000);
  assert.equal(text.match(/^event: error$/gm)?.length, 1);
  const events = await eventsOf(cluster, 1);
  assert.equal(events.length, 1);
  assert.equal(events[0]?.outcome, 'lost');
  assert.equal(events[0]?.estimated, true);
  assert.ok((events[0]?.usage.outputTokens ?? 0) > 0);
});

test('kill -STOP of a worker in mid-stream: an error event in < 2 s', async () => {
  await using cluster = await startCluster();
  cluster.sandbox.control.setBehaviour('anthropic', SLOW);
  const { begun, ended } = stream(cluster.url);
  await begun;
  const stoppedAtMs = performance.now();
  cluster.worker.kill('SIGSTOP');
  assert.match(await ended, /^event: error$/m);
  assert.ok(performance.now() - stoppedAtMs < 2_000);
  cluster.worker.kill('SIGCONT');
  const events = await eventsOf(cluster, 1);
  assert.equal(events.length, 1);
});

test('kill -9 of a worker before the first byte: another member of the pool answers', async () => {
  await using cluster = await startCluster();
  cluster.sandbox.control.enqueue('anthropic', { firstByteMs: 60_000 });
  const arrived = cluster.sandbox.control.nextRequest();
  const answer = post(cluster.url, messagesBody());
  await arrived;
  await using _second = await startRoles(['worker:anthropic'], cluster.environment);
  cluster.worker.kill('SIGKILL');
  const { status, text } = await answer;
  assert.equal(status, 200);
  assert.match(text, /event: message_stop/);
  const events = await eventsOf(cluster, 2);
  assert.deepEqual(events.map(({ outcome }) => outcome).toSorted(), ['completed', 'lost']);
});

test('kill -9 and -STOP of the router: requests are served all the same', async () => {
  await using cluster = await startCluster();
  cluster.router.kill('SIGSTOP');
  assert.equal((await post(cluster.url, messagesBody())).status, 200);
  cluster.router.kill('SIGKILL');
  await cluster.router.exited;
  assert.equal((await post(cluster.url, messagesBody())).status, 200);
});

test('kill -9 of the ingress ends the upstream call', async () => {
  await using cluster = await startCluster();
  cluster.sandbox.control.setBehaviour('anthropic', SLOW);
  const { begun } = stream(cluster.url);
  await begun;
  const ended = cluster.sandbox.control.nextEnd();
  cluster.ingress.kill('SIGKILL');
  assert.equal((await ended).outcome, 'aborted');
  const events = await eventsOf(cluster, 1);
  assert.equal(events[0]?.outcome, 'cancelled');
});

test('kill -9 and restart of nats-server under 100 streams: all complete, byte-identical', async () => {
  await using cluster = await startCluster();
  cluster.sandbox.control.setBehaviour('anthropic', {
    outputTokens: 300,
    tokensPerSecond: 100,
    chunksPerTick: 1,
  });
  const streams = Array.from({ length: 100 }, () => stream(cluster.url));
  await Promise.all(streams.map(({ begun }) => begun));
  await cluster.nats.kill();
  await cluster.nats.restart();
  const texts = await Promise.all(streams.map(({ ended }) => ended));
  const sent = cluster.sandbox.control.requests.map(({ answerSha256 }) => answerSha256);
  const got = texts.map((text) => createHash('sha256').update(text).digest('hex'));
  assert.deepEqual(got.toSorted(), sent.toSorted());
  const events = await eventsOf(cluster, 100);
  assert.equal(events.length, 100);
  assert.equal(new Set(events.map(({ id }) => id)).size, 100);
  assert.ok(events.every(({ outcome }) => outcome === 'completed'));
});

test('SIGTERM drains: streams under way finish, and every process ends with 0', async () => {
  await using cluster = await startCluster();
  cluster.sandbox.control.setBehaviour('anthropic', {
    outputTokens: 100,
    tokensPerSecond: 100,
    chunksPerTick: 1,
  });
  const { begun, ended } = stream(cluster.url);
  await begun;
  for (const role of [cluster.ingress, cluster.router, cluster.worker]) role.kill('SIGTERM');
  assert.match(await ended, /event: message_stop/);
  for (const role of [cluster.ingress, cluster.router, cluster.worker]) {
    assert.equal(await role.exited, 0, role.output());
  }
  assert.match(cluster.worker.output(), /"name":"worker:anthropic"/, 'log lines name their role');
});
