import { KEYED_PROVIDERS } from './keyed-providers.ts';

/** A variable of the environment: `.env.example` lists the same ones, and a test compares the two. */
export interface Variable {
  readonly name: string;
  /**
   * What it holds: a `secret` is never repeated in a message and may come from a file named by `<NAME>_FILE`; an
   * `address` is an http(s) URL.
   */
  readonly kind?: 'secret' | 'address';
  /** Checked and without an effect so far: the part that uses it is not built in. */
  readonly isReserved?: true;
}

/** Every variable the gateway reads. */
export const VARIABLES: readonly Variable[] = [
  ...KEYED_PROVIDERS.flatMap(({ keyVariable, urlVariable }): Variable[] => [
    { name: keyVariable, kind: 'secret' },
    { name: urlVariable, kind: 'address' },
  ]),
  { name: 'GATEWAY_HOST' },
  { name: 'GATEWAY_PORT' },
  { name: 'VERTEX_CLAUDE_PORT' },
  { name: 'VERTEX_GEMINI_PORT' },
  { name: 'GITHUB_MODELS_PORT' },
  { name: 'OPENROUTER_PORT' },
  { name: 'GATEWAY_API_KEYS', kind: 'secret' },
  { name: 'ADMIN_API_KEY', kind: 'secret' },
  { name: 'GATEWAY_ALLOWED_HOSTS' },
  { name: 'GATEWAY_PUBLISHED_ON_LOOPBACK' },
  { name: 'GATEWAY_HTTP_ENGINE' },
  { name: 'GATEWAY_DATA_DIR' },
  { name: 'NATS_URL', kind: 'secret' },
  { name: 'NATS_SERVER_BIN' },
  { name: 'SANDBOX_URL', kind: 'address' },
  { name: 'LOG_LEVEL' },
  { name: 'WORKER_CONCURRENCY' },
  { name: 'PROVIDER_CHAIN' },
  { name: 'PREFERRED_PROVIDER' },
  { name: 'ENABLE_AUTO_FALLBACK' },
  { name: 'DEFAULT_ROUTING_STRATEGY' },
  { name: 'BIG_MODEL' },
  { name: 'MIDDLE_MODEL' },
  { name: 'SMALL_MODEL' },
  { name: 'MODEL_MAPPING_FILE' },
  { name: 'ENABLE_COST_OPTIMIZATION', isReserved: true },
  { name: 'RATE_LIMIT_THRESHOLD', isReserved: true },
  { name: 'HOURLY_COST_ALERT_THRESHOLD', isReserved: true },
  { name: 'DAILY_COST_ALERT_THRESHOLD', isReserved: true },
  { name: 'VERTEX_PROJECT_ID' },
  { name: 'VERTEX_REGION' },
  { name: 'VERTEX_ACCESS_TOKEN', kind: 'secret' },
  { name: 'GOOGLE_APPLICATION_CREDENTIALS' },
  { name: 'VERTEX_CLAUDE_BASE_URL', kind: 'address' },
  { name: 'VERTEX_GEMINI_BASE_URL', kind: 'address' },
  { name: 'VERTEX_GEMINI_SAFETY' },
  { name: 'GITHUB_TOKEN', kind: 'secret' },
  { name: 'GITHUB_MODELS_BASE_URL', kind: 'address' },
  { name: 'OPENAI_COMPATIBLE_API_KEY', kind: 'secret' },
  { name: 'OPENAI_COMPATIBLE_BASE_URL', kind: 'address' },
  { name: 'OPENAI_COMPATIBLE_FILE' },
];

/** Names of VARIABLES, and the `_FILE` forms of the secrets. */
export const VARIABLE_NAMES: ReadonlySet<string> = new Set(
  VARIABLES.flatMap(({ name, kind }) => (kind === 'secret' ? [name, `${name}_FILE`] : [name])),
);
