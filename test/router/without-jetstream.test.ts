import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { findNatsServer } from '../../bus/nats-server-binary.ts';
import { startObservationPublisher } from '../../bus/observation-publisher.ts';
import { GatewayError } from '../../schemas/error.ts';
import { eventually } from '../support/latch.ts';
import { freePort } from '../support/processes.ts';
import { requestFor } from './support/routing.ts';
import {
  command,
  connect,
  rateLimited,
  route,
  startTestRouter,
  statsOf,
} from './support/running-router.ts';

/** A nats-server without JetStream. */
async function startPlainNats(): Promise<AsyncDisposable & { readonly url: string }> {
  const binary = await findNatsServer({
    natsServerBin: process.env['NATS_SERVER_BIN'] ?? null,
    searchPath: process.env['PATH'] ?? '',
    dataDir: import.meta.dirname,
  });
  const port = await freePort();
  const child = spawn(binary, ['-a', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  return {
    url: `nats://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

test('without JetStream a router answers, learns and explains; only settings cannot be changed', async () => {
  await using nats = await startPlainNats();
  await using bus = await connect(nats);
  await using worker = startObservationPublisher(bus, { source: 'wk1' });
  await using _router = await startTestRouter(nats, 'rt1', { hasStreams: false });
  const [before] = await route(bus, [requestFor()]);
  assert.equal(before?.targets[0]?.provider, 'anthropic');
  worker.add(rateLimited(), { isUrgent: true });
  await eventually(async () => {
    const [after] = await route(bus, [requestFor()]);
    return after?.targets[0]?.provider !== 'anthropic';
  }, 'it has learned');
  const stats = (await statsOf(bus)).get('rt1');
  assert.equal(stats?.isLeader, false);
  await assert.rejects(
    command(bus, 'strategy', { strategy: 'cost', from: '127.0.0.1' }),
    (error: unknown) => error instanceof GatewayError && error.status === 503,
  );
});
