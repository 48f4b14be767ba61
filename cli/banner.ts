import type { Config, Ports } from '../config/config.ts';

/** What the start-up block is made of. */
export interface BannerOptions {
  readonly config: Config;
  /** The ports listened on; null in a process without an ingress. */
  readonly ports: Ports | null;
  /** The roles asked for; empty = all in one process. */
  readonly roles: readonly string[];
}

/** The block printed once everything runs: addresses, providers, and the line to paste for Claude Code. Pure. */
export function banner({ config, ports, roles }: BannerOptions): string {
  if (ports === null) return `claude-code-multimodel: ${roles.join(', ')} ready\n`;
  // Bound to every address, it is reached at this machine's own.
  const reached = ['0.0.0.0', '::'].includes(config.host) ? '127.0.0.1' : config.host;
  const host = reached.includes(':') ? `[${reached}]` : reached;
  const lines = ['', '  claude-code-multimodel is ready', ''];
  for (const [name, port] of Object.entries(ports)) {
    const what = name === 'auto' ? 'auto-routing' : name;
    lines.push(
      port === null
        ? `  ${'off'.padEnd(28)} ${what}`
        : `  ${`http://${host}:${port}`.padEnd(28)} ${what}`,
    );
  }
  lines.push('');
  for (const { id, isEnabled, offReason } of Object.values(config.providers)) {
    lines.push(`  ${isEnabled ? 'on ' : 'off'} ${id}${isEnabled ? '' : ` (${offReason})`}`);
  }
  if (config.isSandbox) {
    lines.push(
      '',
      '  SANDBOX: no provider credentials are set, so answers are made up by a local stand-in.',
      '  Set OPENROUTER_API_KEY, ANTHROPIC_API_KEY or VERTEX_PROJECT_ID for real ones (see .env.example).',
    );
  }
  const port = ports.auto ?? Object.values(ports).find((candidate) => candidate !== null);
  if (port !== undefined && port !== null) {
    const key = config.gatewayApiKeys.length > 0 ? '<a key of GATEWAY_API_KEYS>' : 'any';
    lines.push(
      '',
      '  Use it:',
      `  ANTHROPIC_BASE_URL=http://${host}:${port} ANTHROPIC_AUTH_TOKEN=${key} claude`,
    );
  }
  return `${lines.join('\n')}\n\n`;
}
