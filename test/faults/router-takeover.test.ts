import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../config/limits.ts';
import { startSandbox } from '../../sandbox/start.ts';
import { messagesBody, post, sandboxEnvironment } from '../support/gateway.ts';
import { eventually } from '../support/latch.ts';
import { startTestNats } from '../support/nats.ts';
import { freePort, type RoleProcess, startRoles } from '../support/processes.ts';

/** Clients that ask one after another. */
const CLIENTS = 8;
const TAKEOVER_MS_MAX = LIMITS.leaseMsMax + 500;

function leads(router: RoleProcess): boolean {
  return router.output().includes('"isLeader":true');
}

test('kill -9 of the leading router under load: no request fails, another leads in time', async () => {
  await using nats = await startTestNats();
  await using sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
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
  await using leader = await startRoles(['router'], environment);
  await eventually(() => leads(leader), 'the first router leads');
  await using other = await startRoles(['router'], environment);
  await using _worker = await startRoles(['worker:anthropic'], environment);
  await using _ingress = await startRoles(['ingress'], environment);

  const statuses: number[] = [];
  let isOver = false;
  const client = async (): Promise<void> => {
    while (!isOver) {
      const { status } = await post(`http://127.0.0.1:${port}/v1/messages`, messagesBody());
      statuses.push(status);
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  try {
    await eventually(() => statuses.length >= 50, 'requests are served');
    assert.equal(leads(other), false);
    leader.kill('SIGKILL');
    const killedAtMs = performance.now();
    await eventually(() => leads(other), 'the other router leads');
    assert.ok(performance.now() - killedAtMs < TAKEOVER_MS_MAX);
    const served = statuses.length;
    await eventually(() => statuses.length >= served + 50, 'requests are served on');
  } finally {
    isOver = true;
    await Promise.all(clients);
  }
  assert.deepEqual(
    statuses.filter((status) => status !== 200),
    [],
  );
});
