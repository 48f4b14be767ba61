import { type Bus, connectBus } from '../bus/connect.ts';
import type { Log } from '../bus/log.ts';
import { startNatsServer } from '../bus/nats-server.ts';
import { findNatsServer } from '../bus/nats-server-binary.ts';
import { findRunningNatsServer } from '../bus/running-nats-server.ts';
import { ensureStreams } from '../bus/streams.ts';
import type { Config } from '../config/config.ts';

/** Who connects, and what ends the connection. */
export interface GatewayBusOptions {
  readonly name: string;
  readonly log: Log;
  readonly stack: AsyncDisposableStack;
}

const CONNECT_MS_MAX = 5_000;

/**
 * Connects a command to where the gateway's events are: NATS_URL, the server of a gateway that runs on this machine, or one
 * of its own on the same data. Ends the process with 2 when no server answers.
 */
export async function connectToGateway(config: Config, options: GatewayBusOptions): Promise<Bus> {
  const where = await findNats(config, options);
  // A server that is down is waited for by roles, not by somebody who types a command.
  const timer = setTimeout(() => {
    process.stderr.write('no nats-server answers: start the gateway, or set NATS_URL\n');
    process.exit(2);
  }, CONNECT_MS_MAX);
  const { name, log, stack } = options;
  const bus = stack.use(await connectBus({ ...where, name, log }));
  clearTimeout(timer);
  await ensureStreams(bus);
  return bus;
}

async function findNats(
  config: Config,
  { log, stack }: GatewayBusOptions,
): Promise<{ servers: string; user?: string; password?: string }> {
  if (config.natsUrl !== null) return { servers: config.natsUrl };
  const { dataDir } = config;
  const running = findRunningNatsServer(dataDir);
  if (running !== null) return { servers: running.url, ...running };
  const binary = await findNatsServer(config);
  const { url, user, password } = stack.use(await startNatsServer({ binary, dataDir, log }));
  return { servers: url, user, password };
}
