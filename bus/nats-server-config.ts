/** What the generated configuration of the embedded server depends on. */
export interface NatsServerSettings {
  readonly version: readonly number[];
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly storeDir: string;
  /** Folder in which the server says which port it took. */
  readonly portsDir: string;
}

/**
 * Writes the configuration of the embedded nats-server: loopback only, one random account, monitoring off. Settings
 * that a version does not know make it refuse to start, so they depend on the version. Pure.
 */
export function natsServerConfig(settings: NatsServerSettings): string {
  const { version } = settings;
  return [
    `listen: ${quoted(`127.0.0.1:${settings.port}`)}`,
    'server_name: "gateway-embedded"',
    `ports_file_dir: ${quoted(settings.portsDir)}`,
    `authorization { user: ${quoted(settings.user)}, password: ${quoted(settings.password)} }`,
    'max_payload: 1MB',
    'max_pending: 64MB',
    // A stalled subscriber must not hold up publishers for the default 10 s.
    'write_deadline: "2s"',
    ...(isAtLeast(version, [2, 10, 26]) ? ['no_fast_producer_stall: true'] : []),
    'ping_interval: "20s"',
    'max_connections: 256',
    'jetstream {',
    `  store_dir: ${quoted(settings.storeDir)}`,
    '  max_memory_store: 67108864',
    '  max_file_store: 10737418240',
    ...(isAtLeast(version, [2, 10, 0]) ? ['  sync_interval: always'] : []),
    '}',
    '',
  ].join('\n');
}

function isAtLeast(version: readonly number[], floor: readonly number[]): boolean {
  for (const [index, wanted] of floor.entries()) {
    const got = version[index] ?? 0;
    if (got !== wanted) return got > wanted;
  }
  return true;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
