import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Something that serves `POST /v1/messages`, and the processes it consists of. */
export interface Target extends AsyncDisposable {
  readonly name: string;
  readonly origin: string;
  /** Roots of its process trees; empty for the upstream itself. */
  readonly pids: readonly number[];
}

const PROJECT_DIR = path.dirname(import.meta.dirname);
/** Load generator and upstream on one core, everything under test on the other. */
const TARGET_CORE = '1';

/** As the container image runs it. */
const NODE_FLAGS = ['--max-semi-space-size=8'];
/** As `npm start` runs it. */
const ONE_PROCESS_FLAGS = [
  '--min-semi-space-size=16',
  '--max-semi-space-size=16',
  '--heap-growing-percent=100',
];

/** The upstream itself. */
export function directTarget(origin: string): Target {
  return { name: 'direct', origin, pids: [], async [Symbol.asyncDispose]() {} };
}

/** The bare passthrough. */
export async function floorTarget(upstream: string, engine?: string): Promise<Target> {
  const port = await freePort();
  const engineArguments = engine === undefined ? [] : ['--engine', engine];
  const child = await start(
    ['bench/floor.ts', '--upstream', upstream, '--port', String(port), ...engineArguments],
    { isReady: (line) => line.startsWith('ready') },
  );
  return target('floor', port, [child]);
}

/** The gateway with all roles in one process and its own nats-server. */
export async function oneProcessTarget(upstream: string): Promise<Target> {
  const port = await freePort();
  const dataDir = mkdtempSync(path.join(tmpdir(), 'gateway-bench-'));
  const environment = { ...gatewayEnvironment(upstream, port), GATEWAY_DATA_DIR: dataDir };
  const child = await start([...ONE_PROCESS_FLAGS, 'main.ts'], {
    environment,
    isReady: isGatewayReady,
  });
  return target('gateway, one process', port, [child], dataDir);
}

/** The gateway with one process per role around a nats-server. */
export async function processPerRoleTarget(upstream: string, natsServer: string): Promise<Target> {
  const [port, natsPort] = [await freePort(), await freePort()];
  const dataDir = mkdtempSync(path.join(tmpdir(), 'gateway-bench-'));
  const nats = pinned(natsServer, [
    '-a',
    '127.0.0.1',
    '-p',
    String(natsPort),
    '-js',
    '-sd',
    dataDir,
  ]);
  const environment = {
    ...gatewayEnvironment(upstream, port),
    NATS_URL: `nats://127.0.0.1:${natsPort}`,
    GATEWAY_DATA_DIR: dataDir,
  };
  const roles = ['ledger', 'worker:anthropic', 'router', 'ingress'];
  const children: ChildProcess[] = [nats];
  for (const role of roles) {
    children.push(
      await start([...NODE_FLAGS, 'main.ts', role], { environment, isReady: isGatewayReady }),
    );
  }
  return target('gateway, process per role', port, children, dataDir);
}

function gatewayEnvironment(upstream: string, port: number): Record<string, string> {
  return {
    GATEWAY_PORT: String(port),
    VERTEX_CLAUDE_PORT: 'off',
    VERTEX_GEMINI_PORT: 'off',
    GITHUB_MODELS_PORT: 'off',
    OPENROUTER_PORT: 'off',
    ANTHROPIC_API_KEY: 'sk-ant-bench-credential',
    ANTHROPIC_UPSTREAM_URL: upstream,
    LOG_LEVEL: 'warn',
  };
}

function isGatewayReady(line: string): boolean {
  return line.includes('ready');
}

function target(
  name: string,
  port: number,
  children: readonly ChildProcess[],
  dataDir?: string,
): Target {
  return {
    name,
    origin: `http://127.0.0.1:${port}`,
    pids: children.flatMap(({ pid }) => (pid === undefined ? [] : [pid])),
    async [Symbol.asyncDispose]() {
      for (const child of children.toReversed()) await stop(child);
      if (dataDir !== undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

function pinned(command: string, commandArguments: string[], environment?: NodeJS.ProcessEnv) {
  return spawn('taskset', ['-c', TARGET_CORE, command, ...commandArguments], {
    cwd: PROJECT_DIR,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
}

async function start(
  nodeArguments: string[],
  options: { environment?: Record<string, string>; isReady: (line: string) => boolean },
) {
  const child = pinned(process.execPath, nodeArguments, options.environment);
  child.stdout.setEncoding('utf8');
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    if (options.isReady(String(chunk))) break;
  }
  child.stdout.resume();
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
