import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sandboxEnvironment } from '../../test/support/gateway.ts';
import { type PlainNats, startPlainNats } from '../../test/support/plain-nats.ts';
import { freePort, type RoleProcess, startRoles } from '../../test/support/processes.ts';

/** Something that may be killed at any time and comes back. */
export interface Victim {
  readonly name: string;
  /** `kill -9`; resolves once it is back, after `awayMs` at the least. */
  kill(awayMs: number): Promise<void>;
}

/** A gateway in many processes: ingresses, a router, workers, ledgers, a nats-server. */
export interface TruthCluster extends AsyncDisposable {
  readonly natsUrl: string;
  /** Base addresses of every ingress, every port. */
  readonly origins: readonly string[];
  readonly workers: readonly Victim[];
  readonly ledgers: readonly Victim[];
  readonly nats: Victim;
  /** Everything that the programs run with. */
  readonly environment: Readonly<Record<string, string>>;
  /** Files of events that wait for JetStream. */
  spoolFiles(): readonly string[];
  /** Ends the ledgers in good order. */
  stopLedgers(): Promise<void>;
}

/** Which providers, and where. */
export interface ClusterOptions {
  /** Base address of every provider. */
  readonly upstream: string;
  /** How many there are of each; default 2. */
  readonly workers?: number;
  readonly ledgers?: number;
  readonly ingresses?: number;
  readonly environment?: Record<string, string>;
}

const PORT_VARIABLES = [
  'GATEWAY_PORT',
  'VERTEX_CLAUDE_PORT',
  'VERTEX_GEMINI_PORT',
  'OPENROUTER_PORT',
] as const;
const PROVIDERS = ['anthropic', 'vertex-claude', 'openrouter', 'vertex-gemini'];

/** Starts it. Rejects when a program ends before it is ready. */
export async function startTruthCluster(options: ClusterOptions): Promise<TruthCluster> {
  await using stack = new AsyncDisposableStack();
  const dataDir = mkdtempSync(path.join(tmpdir(), 'gateway-truth-'));
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const nats = stack.use(await startPlainNats());
  const environment = {
    ...sandboxEnvironment(options.upstream),
    LOG_LEVEL: 'error',
    PROVIDER_CHAIN: PROVIDERS.join(','),
    NATS_URL: nats.url,
    GATEWAY_DATA_DIR: dataDir,
    GITHUB_MODELS_PORT: 'off',
    ...options.environment,
  };
  const start = async (name: string, roles: readonly string[], more = {}): Promise<Member> => {
    const member = await Member.start(name, roles, { ...environment, ...more });
    return stack.use(member);
  };
  const workerRoles = PROVIDERS.map((id) => `worker:${id}`);
  const count = (members = 2): readonly number[] =>
    Array.from({ length: members }, (_, at) => at + 1);
  const ports = await Promise.all(count(options.ingresses).map(portsOf));
  const [workers, ledgers] = await Promise.all([
    Promise.all(count(options.workers).map((each) => start(`worker ${each}`, workerRoles))),
    Promise.all(count(options.ledgers).map((each) => start(`ledger ${each}`, ['ledger']))),
    start('router', ['router']),
    ...ports.map((each, index) => start(`ingress ${index + 1}`, ['ingress'], each)),
  ]);
  const running = stack.move();
  return {
    natsUrl: nats.url,
    origins: ports.flatMap((each) => Object.values(each).map((port) => `http://127.0.0.1:${port}`)),
    workers,
    ledgers,
    nats: { name: 'nats-server', kill: (awayMs) => killServer(nats, awayMs) },
    environment,
    spoolFiles: () => spoolFiles(path.join(dataDir, 'spool')),
    stopLedgers: async () => void (await Promise.all(ledgers.map((ledger) => ledger.stop()))),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** A program that is started again after every end. */
class Member implements Victim, AsyncDisposable {
  readonly name: string;
  readonly #start: () => Promise<RoleProcess>;
  #process: RoleProcess;

  private constructor(name: string, start: () => Promise<RoleProcess>, first: RoleProcess) {
    this.name = name;
    this.#start = start;
    this.#process = first;
  }

  static async start(
    name: string,
    roles: readonly string[],
    environment: Record<string, string>,
  ): Promise<Member> {
    const start = (): Promise<RoleProcess> => startRoles(roles, environment);
    return new Member(name, start, await start());
  }

  async kill(awayMs: number): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    await pause(awayMs);
    this.#process = await this.#start();
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.#process.exited;
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}

async function killServer(nats: PlainNats, awayMs: number): Promise<void> {
  await nats.kill();
  await pause(awayMs);
  await nats.start();
}

async function portsOf(): Promise<Record<string, string>> {
  const ports: Record<string, string> = {};
  for (const variable of PORT_VARIABLES) ports[variable] = String(await freePort());
  return ports;
}

function spoolFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder).map((name) => path.join(folder, name));
  } catch {
    return []; // nothing was ever left
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
