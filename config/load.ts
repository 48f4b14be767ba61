import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { STRATEGY_NAMES } from '../schemas/routing.ts';
import { loadKeys } from './client-keys.ts';
import type { Config, PinnedPort, Ports } from './config.ts';
import { isHost } from './hosts.ts';
import { LIMITS } from './limits.ts';
import { loadAlerts } from './load-alerts.ts';
import { loadBudgets } from './load-budgets.ts';
import { loadChain, loadPreferred, preferring } from './load-chain.ts';
import { loadModels } from './load-models.ts';
import { loadPrices } from './load-prices.ts';
import { loadProviders } from './load-providers.ts';
import { loadRateLimits } from './load-rate-limits.ts';
import { loadRoutingRules } from './load-routing-rules.ts';
import { ConfigError, type Environment, Reader } from './reader.ts';
import { warningsAbout } from './warnings.ts';

/** What the environment cannot say. */
export interface LoadOptions {
  readonly projectDir: string;
}

const PORT_VARIABLES: Readonly<Record<'auto' | PinnedPort, readonly [string, number]>> = {
  auto: ['GATEWAY_PORT', 8080],
  'vertex-claude': ['VERTEX_CLAUDE_PORT', 8090],
  'vertex-gemini': ['VERTEX_GEMINI_PORT', 8091],
  'github-models': ['GITHUB_MODELS_PORT', 8092],
  openrouter: ['OPENROUTER_PORT', 8093],
};

/** Libraries look for these in the process's environment themselves. */
const READ_BY_LIBRARIES = ['GOOGLE_APPLICATION_CREDENTIALS'];

/** Reads the process's environment and the project's `.env`; what is really set, be it empty, wins. */
export function readEnvironment(projectDir: string): Environment {
  const file = path.join(projectDir, '.env');
  const fromFile = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
  for (const name of READ_BY_LIBRARIES) {
    const value = fromFile[name];
    if (value !== undefined) process.env[name] ??= value;
  }
  return { ...fromFile, ...process.env };
}

/**
 * Turns the environment into the configuration.
 *
 * @throws ConfigError with all problems at once.
 */
export function loadConfig(environment: Environment, options: LoadOptions): Config {
  const reader = new Reader(environment);
  const host = loadHost(reader);
  const keys = loadKeys(reader, host);
  const sandboxUrl =
    reader.text('SANDBOX_URL') === null ? null : reader.url('SANDBOX_URL', 'http://127.0.0.1');
  const { providers, isSandbox } = loadProviders(reader, { sandboxUrl });
  const providerIds = Object.values(providers).map(({ id }) => id);
  const preferred = loadPreferred(reader, providers);
  const config: Config = {
    host,
    ports: loadPorts(reader),
    ...keys,
    allowedHosts: reader.list(reader.text('GATEWAY_ALLOWED_HOSTS')),
    natsUrl: loadNatsUrl(reader),
    natsServerBin: reader.text('NATS_SERVER_BIN'),
    dataDir: path.resolve(
      options.projectDir,
      reader.text('GATEWAY_DATA_DIR') ?? path.join(options.projectDir, '.data'),
    ),
    searchPath: environment['PATH'] ?? '',
    providers,
    chain: loadChain(reader, providers, preferred),
    modelMapping: loadModels(reader, providers),
    prices: loadPrices(reader, providers),
    accounting: reader.choice('ACCOUNTING', ['default', 'strict'], 'default'),
    alerts: loadAlerts(reader, providerIds),
    budgets: loadBudgets(reader, providerIds),
    routingRules: preferring(preferred, loadRoutingRules(reader, providers)),
    ...loadRateLimits(reader, providers),
    isCostOptimized: reader.flag('ENABLE_COST_OPTIMIZATION', true),
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

/** What is odd about the environment but no reason to refuse it, one line each. */
export function configWarnings(environment: Environment): readonly string[] {
  return warningsAbout(environment);
}

function loadHost(reader: Reader): string {
  const host = (reader.text('GATEWAY_HOST') ?? '127.0.0.1').replace(/^\[(.*)\]$/, '$1');
  if (!isHost(host)) {
    reader.problems.push(
      `GATEWAY_HOST is "${host}"; it must be an address to listen on, like 127.0.0.1 or 0.0.0.0`,
    );
  }
  return host;
}

function loadPorts(reader: Reader): Ports {
  const ports: Record<string, number | null> = {};
  const takenBy = new Map<number, string>();
  for (const [name, [variable, fallback]] of Object.entries(PORT_VARIABLES)) {
    const value = reader.text(variable);
    const isEmpty = value === null && reader.isPresent(variable);
    if (isEmpty || value?.toLowerCase() === 'off') {
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
