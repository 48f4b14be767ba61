import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { PROVIDER_IDS, PROVIDER_SHORT_NAMES, type ProviderId } from '../schemas/provider.ts';
import type { Config, PinnedPort, Ports } from './config.ts';
import { LIMITS } from './limits.ts';
import { loadProviders } from './load-providers.ts';
import { ConfigError, type Environment, Reader } from './reader.ts';
import { VARIABLE_NAMES } from './variables.ts';

/** What the environment cannot say. */
export interface LoadOptions {
  readonly projectDir: string;
  /** Providers whose adapter this build has. */
  readonly implemented: ReadonlySet<ProviderId>;
}

const PORT_VARIABLES: Readonly<Record<'auto' | PinnedPort, readonly [string, number]>> = {
  auto: ['GATEWAY_PORT', 8080],
  'vertex-claude': ['VERTEX_CLAUDE_PORT', 8090],
  'vertex-gemini': ['VERTEX_GEMINI_PORT', 8091],
  'github-models': ['GITHUB_MODELS_PORT', 8092],
  openrouter: ['OPENROUTER_PORT', 8093],
};
const STRATEGY_NAMES = ['intelligent', 'cost', 'performance', 'availability'] as const;
const DEFAULT_CHAIN: readonly ProviderId[] = [
  'vertex-claude',
  'anthropic',
  'vertex-gemini',
  'github-models',
  'openrouter',
  'openai-compatible',
];
const KEY_CHARACTERS_MIN = 16;
const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];

/** Reads the process's environment and the project's `.env`; what is really set wins. */
export function readEnvironment(projectDir: string): Environment {
  const file = path.join(projectDir, '.env');
  const fromFile = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
  return { ...fromFile, ...process.env };
}

/**
 * Turns the environment into the configuration.
 *
 * @throws ConfigError with all problems at once.
 */
export function loadConfig(environment: Environment, options: LoadOptions): Config {
  const reader = new Reader(environment);
  const host = reader.text('GATEWAY_HOST') ?? '127.0.0.1';
  const gatewayApiKeys = loadClientKeys(reader, host);
  const sandboxUrl =
    reader.text('SANDBOX_URL') === null ? null : reader.url('SANDBOX_URL', 'http://127.0.0.1');
  const { implemented } = options;
  const { providers, isSandbox } = loadProviders(reader, { implemented, sandboxUrl });
  const isOn = (id: ProviderId): boolean => providers[id].isEnabled;
  const config: Config = {
    host,
    ports: loadPorts(reader),
    gatewayApiKeys,
    adminApiKey: reader.secret('ADMIN_API_KEY'),
    allowedHosts: reader.list(reader.text('GATEWAY_ALLOWED_HOSTS')),
    natsUrl: loadNatsUrl(reader),
    natsServerBin: reader.text('NATS_SERVER_BIN'),
    dataDir: path.resolve(
      options.projectDir,
      reader.text('GATEWAY_DATA_DIR') ?? path.join(options.projectDir, '.data'),
    ),
    searchPath: environment['PATH'] ?? '',
    providers,
    chain: loadChain(reader).filter(isOn),
    isAutoFallback: reader.flag('ENABLE_AUTO_FALLBACK', true),
    strategy: reader.choice('DEFAULT_ROUTING_STRATEGY', STRATEGY_NAMES, 'intelligent'),
    isSandbox,
    sandboxUrl: isSandbox ? sandboxUrl : null,
    httpEngine: reader.choice('GATEWAY_HTTP_ENGINE', ['auto', 'uwebsockets', 'node-http'], 'auto'),
    logLevel: reader.choice(
      'LOG_LEVEL',
      ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
      'warn',
    ),
    workerConcurrency: reader.integer('WORKER_CONCURRENCY', {
      min: 1,
      max: 100_000,
      fallback: LIMITS.workerInFlightMax,
    }),
  };
  if (reader.problems.length > 0) throw new ConfigError(reader.problems);
  return config;
}

/** Names that look like ours and are not: most likely typing errors, one line each. */
export function configWarnings(environment: Environment): readonly string[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith('GATEWAY_') && !VARIABLE_NAMES.has(name))
    .map((name) => `${name} is not a variable of this gateway (see .env.example)`);
}

function loadPorts(reader: Reader): Ports {
  const ports: Record<string, number | null> = {};
  const takenBy = new Map<number, string>();
  for (const [name, [variable, fallback]] of Object.entries(PORT_VARIABLES)) {
    if (reader.text(variable) === 'off') {
      ports[name] = null;
      continue;
    }
    const port = reader.integer(variable, { min: 1, max: 65_535, fallback });
    const other = takenBy.get(port);
    if (other !== undefined) {
      reader.problems.push(`${variable} and ${other} are both ${port}: every port needs its own`);
    }
    takenBy.set(port, variable);
    ports[name] = port;
  }
  return ports as Ports; // the keys of PORT_VARIABLES
}

/** The variable that moves a port, for messages about a port that is taken. */
export function portVariable(name: keyof Ports): string {
  return PORT_VARIABLES[name][0];
}

// Whoever reaches an open port spends the operator's money.
function loadClientKeys(reader: Reader, host: string): readonly string[] {
  const keys = reader.list(reader.secret('GATEWAY_API_KEYS'));
  if (keys.some((key) => key.length < KEY_CHARACTERS_MIN)) {
    reader.problems.push(
      `GATEWAY_API_KEYS holds a key of less than ${KEY_CHARACTERS_MIN} characters; make one with: openssl rand -hex 24`,
    );
  }
  const isLoopback = LOOPBACK.includes(host) || host.startsWith('127.');
  const isPublishedOnLoopback = reader.flag('GATEWAY_PUBLISHED_ON_LOOPBACK', false);
  if (!isLoopback && keys.length === 0 && !isPublishedOnLoopback) {
    reader.problems.push(
      `GATEWAY_HOST is ${host}, which others can reach: set GATEWAY_API_KEYS (comma-separated), or bind 127.0.0.1`,
    );
  }
  return keys;
}

function loadNatsUrl(reader: Reader): string | null {
  const value = reader.secret('NATS_URL');
  for (const server of reader.list(value)) {
    const url = server.includes('://') ? server : `nats://${server}`;
    const scheme = URL.canParse(url) ? new URL(url).protocol : '';
    if (!['nats:', 'tls:'].includes(scheme)) {
      reader.problems.push('NATS_URL must be a list of addresses like nats://host:4222');
    }
  }
  return value;
}

function loadChain(reader: Reader): readonly ProviderId[] {
  const named = reader.list(reader.text('PROVIDER_CHAIN'));
  const chain = named.length === 0 ? DEFAULT_CHAIN : named.flatMap((name) => known(reader, name));
  const preferred = reader.text('PREFERRED_PROVIDER');
  if (preferred === null) return [...new Set(chain)];
  return [...new Set([...known(reader, preferred, 'PREFERRED_PROVIDER'), ...chain])];
}

function known(reader: Reader, name: string, variable = 'PROVIDER_CHAIN'): ProviderId[] {
  const id = PROVIDER_SHORT_NAMES[name] ?? PROVIDER_IDS.find((each) => each === name);
  if (id !== undefined) return [id];
  reader.problems.push(
    `${variable}: "${name}" is no provider; known are ${PROVIDER_IDS.join(', ')}`,
  );
  return [];
}
