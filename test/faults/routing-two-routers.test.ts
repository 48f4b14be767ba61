import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { messagesBody, post, sandboxEnvironment } from '../support/gateway.ts';
import { eventually } from '../support/latch.ts';
import { startTestNats, type TestNats } from '../support/nats.ts';
import { freePort, type RoleProcess, startRoles } from '../support/processes.ts';

/** Clients of each ingress that ask one after another. */
const CLIENTS = 4;
const PROVIDERS = ['anthropic', 'vertex-claude'] as const;
/** So high that nobody is kept out: its windows only count. */
const REQUESTS_PER_DAY = 1_000_000;
const DAY_MS = 86_400_000;

interface Windows {
  readonly rate_limit_info: {
    readonly windows: readonly { kind: string; periodMs: number; used: number }[];
  };
}

/** Two routers, two ingresses and a worker of each provider, one process each. */
class Cluster implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #environment: Record<string, string>;
  readonly sandbox: Sandbox;
  /** Base addresses. */
  readonly ingresses: string[] = [];

  constructor(nats: TestNats, sandbox: Sandbox) {
    this.#stack.use(nats);
    this.sandbox = this.#stack.use(sandbox);
    const folder = mkdtempSync(path.join(tmpdir(), 'gateway-test-'));
    this.#stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const limits = PROVIDERS.map((provider) => ({ provider, requestsPerDay: REQUESTS_PER_DAY }));
    const file = path.join(folder, 'limits.json');
    writeFileSync(file, JSON.stringify(limits));
    this.#environment = {
      ...sandboxEnvironment(sandbox.url),
      PROVIDER_CHAIN: PROVIDERS.join(','),
      NATS_URL: nats.url.replace('nats://', `nats://${nats.user}:${nats.password}@`),
      RATE_LIMITS_FILE: file,
      VERTEX_CLAUDE_PORT: 'off',
      VERTEX_GEMINI_PORT: 'off',
      GITHUB_MODELS_PORT: 'off',
      OPENROUTER_PORT: 'off',
    };
  }

  async start(role: string, environment: Record<string, string> = {}): Promise<RoleProcess> {
    return this.#stack.use(await startRoles([role], { ...this.#environment, ...environment }));
  }

  async startIngress(): Promise<void> {
    const port = await freePort();
    await this.start('ingress', { GATEWAY_PORT: String(port) });
    this.ingresses.push(`http://127.0.0.1:${port}`);
  }

  /** Requests of the day that the routers count for a provider. */
  async counted(provider: string): Promise<number> {
    const [ingress] = this.ingresses;
    const response = await fetch(`${ingress}/admin/provider/${provider}/health`);
    if (response.status !== 200) return 0; // nobody has reported yet
    const { rate_limit_info } = JSON.parse(await response.text()) as Windows;
    const window = rate_limit_info.windows.find(
      ({ kind, periodMs }) => kind === 'requests' && periodMs === DAY_MS,
    );
    return window?.used ?? 0;
  }

  /** Requests that reached a provider. */
  seen(provider: (typeof PROVIDERS)[number]): number {
    return this.sandbox.control.truth().totals[provider]?.requests ?? 0;
  }

  async strategyAt(ingress: string): Promise<readonly string[]> {
    const response = await fetch(`${ingress}/stats`);
    const { router_stats } = JSON.parse(await response.text());
    return router_stats.routers.map(({ strategy }: { strategy: string }) => strategy);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

function leads(router: RoleProcess): boolean {
  return router.output().includes('"isLeader":true');
}

test('kill -9 of the leaseholder under load: no request fails, windows and settings stay', async () => {
  await using cluster = new Cluster(
    await startTestNats(),
    await startSandbox({ host: '127.0.0.1', port: 0 }),
  );
  const leader = await cluster.start('router');
  await eventually(() => leads(leader), 'the first router leads');
  const other = await cluster.start('router');
  await Promise.all(PROVIDERS.map((provider) => cluster.start(`worker:${provider}`)));
  await cluster.startIngress();
  await cluster.startIngress();
  const [first = '', second = ''] = cluster.ingresses;
  const change = await post(`${first}/admin/routing-strategy`, '{"strategy":"performance"}');
  assert.equal(change.status, 200, change.text);

  const statuses: number[] = [];
  let isOver = false;
  const client = async (ingress: string): Promise<void> => {
    while (!isOver) {
      const { status } = await post(`${ingress}/v1/messages`, messagesBody());
      statuses.push(status);
    }
  };
  const clients = [first, second].flatMap((url) =>
    Array.from({ length: CLIENTS }, () => client(url)),
  );
  try {
    await eventually(() => statuses.length >= 100, 'requests are served');
    assert.equal(leads(other), false);
    leader.kill('SIGKILL');
    const served = statuses.length;
    await eventually(() => leads(other), 'the other router leads');
    await eventually(() => statuses.length >= served + 200, 'requests are served on');
  } finally {
    isOver = true;
    await Promise.all(clients);
  }
  assert.deepEqual(
    statuses.filter((status) => status !== 200),
    [],
  );
  // Nothing is in flight any more: the counts must agree.
  await cluster.sandbox.control.whenIdle();
  for (const provider of PROVIDERS) {
    const isSame = async (): Promise<boolean> =>
      (await cluster.counted(provider)) === cluster.seen(provider);
    await eventually(isSame, `the count of requests at ${provider}`).catch(
      async (error: unknown) => {
        const counts = `${await cluster.counted(provider)} counted, ${cluster.seen(provider)} seen`;
        throw new Error(counts, { cause: error });
      },
    );
  }
  assert.ok(cluster.seen('anthropic') + cluster.seen('vertex-claude') >= statuses.length);

  await using _third = await cluster.start('router');
  for (const ingress of cluster.ingresses) {
    const isSame = async (): Promise<boolean> => {
      const strategies = await cluster.strategyAt(ingress);
      return strategies.length === 2 && strategies.every((each) => each === 'performance');
    };
    await eventually(isSame, 'both routers follow the setting');
  }
});
