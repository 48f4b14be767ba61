/** A variable of the environment: `.env.example` lists the same ones, and a test compares the two. */
export interface Variable {
  readonly name: string;
  /** Secrets are never repeated in a message, and may come from a file named by `<NAME>_FILE`. */
  readonly isSecret?: boolean;
}

/** Every variable the gateway reads. */
export const VARIABLES: readonly Variable[] = [
  { name: 'GATEWAY_HOST' },
  { name: 'GATEWAY_PORT' },
  { name: 'VERTEX_CLAUDE_PORT' },
  { name: 'VERTEX_GEMINI_PORT' },
  { name: 'GITHUB_MODELS_PORT' },
  { name: 'OPENROUTER_PORT' },
  { name: 'GATEWAY_API_KEYS', isSecret: true },
  { name: 'ADMIN_API_KEY', isSecret: true },
  { name: 'GATEWAY_ALLOWED_HOSTS' },
  { name: 'GATEWAY_PUBLISHED_ON_LOOPBACK' },
  { name: 'GATEWAY_HTTP_ENGINE' },
  { name: 'GATEWAY_DATA_DIR' },
  { name: 'NATS_URL', isSecret: true },
  { name: 'NATS_SERVER_BIN' },
  { name: 'SANDBOX_URL' },
  { name: 'LOG_LEVEL' },
  { name: 'WORKER_CONCURRENCY' },
  { name: 'PROVIDER_CHAIN' },
  { name: 'PREFERRED_PROVIDER' },
  { name: 'ENABLE_AUTO_FALLBACK' },
  { name: 'DEFAULT_ROUTING_STRATEGY' },
  { name: 'ANTHROPIC_API_KEY', isSecret: true },
  { name: 'ANTHROPIC_UPSTREAM_URL' },
  { name: 'VERTEX_PROJECT_ID' },
  { name: 'VERTEX_REGION' },
  { name: 'VERTEX_ACCESS_TOKEN', isSecret: true },
  { name: 'GOOGLE_APPLICATION_CREDENTIALS' },
  { name: 'VERTEX_CLAUDE_BASE_URL' },
  { name: 'VERTEX_GEMINI_BASE_URL' },
  { name: 'GITHUB_TOKEN', isSecret: true },
  { name: 'GITHUB_MODELS_BASE_URL' },
  { name: 'OPENROUTER_API_KEY', isSecret: true },
  { name: 'OPENROUTER_BASE_URL' },
  { name: 'OPENAI_COMPATIBLE_API_KEY', isSecret: true },
  { name: 'OPENAI_COMPATIBLE_BASE_URL' },
];

/** Names of VARIABLES, and the `_FILE` forms of the secrets. */
export const VARIABLE_NAMES: ReadonlySet<string> = new Set(
  VARIABLES.flatMap(({ name, isSecret }) => (isSecret === true ? [name, `${name}_FILE`] : [name])),
);
