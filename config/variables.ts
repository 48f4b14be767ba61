import { KEYED_PROVIDERS } from './keyed-providers.ts';
import { LIMITS } from './limits.ts';

/** A variable of the environment: `.env.example` lists the same ones, and a test compares the two. */
export interface Variable {
  readonly name: string;
  /**
   * What it holds: a `secret` is never repeated in a message and may come from a file named by `<NAME>_FILE`; an
   * `address` is an http(s) URL.
   */
  readonly kind?: 'secret' | 'address';
  /** Further accounts have one each: `<NAME>_2` to `<NAME>_9`. */
  readonly isNumbered?: true;
}

/** Every variable the gateway reads. */
export const VARIABLES: readonly Variable[] = [
  ...KEYED_PROVIDERS.flatMap(({ keyVariable, urlVariable }): Variable[] => [
    { name: keyVariable, kind: 'secret', isNumbered: true },
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
  { name: 'PRICES_FILE' },
  { name: 'PRICES_REFRESH' },
  { name: 'PRICES_REFRESH_URL', kind: 'address' },
  { name: 'ACCOUNTING' },
  { name: 'ROUTING_RULES_FILE' },
  { name: 'ENABLE_COST_OPTIMIZATION' },
  { name: 'RATE_LIMITS_FILE' },
  { name: 'RATE_LIMIT_THRESHOLD' },
  { name: 'HOURLY_COST_ALERT_THRESHOLD' },
  { name: 'DAILY_COST_ALERT_THRESHOLD' },
  { name: 'ALERTS_FILE' },
  { name: 'ALERT_WEBHOOK_URL', kind: 'secret' },
  { name: 'ALERT_WEBHOOK_SECRET', kind: 'secret' },
  { name: 'DAILY_BUDGET_USD' },
  { name: 'BUDGETS_FILE' },
  { name: 'VERTEX_PROJECT_ID', isNumbered: true },
  { name: 'VERTEX_REGION', isNumbered: true },
  { name: 'VERTEX_ACCESS_TOKEN', kind: 'secret', isNumbered: true },
  { name: 'GOOGLE_APPLICATION_CREDENTIALS', isNumbered: true },
  { name: 'VERTEX_CLAUDE_BASE_URL', kind: 'address' },
  { name: 'VERTEX_GEMINI_BASE_URL', kind: 'address' },
  { name: 'VERTEX_GEMINI_SAFETY' },
  { name: 'GITHUB_TOKEN', kind: 'secret', isNumbered: true },
  { name: 'GITHUB_MODELS_BASE_URL', kind: 'address' },
  { name: 'OPENAI_COMPATIBLE_API_KEY', kind: 'secret', isNumbered: true },
  { name: 'OPENAI_COMPATIBLE_BASE_URL', kind: 'address' },
  { name: 'OPENAI_COMPATIBLE_FILE' },
];

/** A variable's name and those of further accounts: `X`, `X_2` … `X_9`. */
export function numberedNames(name: string): readonly string[] {
  return Array.from({ length: LIMITS.accountsPerProviderMax }, (_, index) =>
    index === 0 ? name : `${name}_${index + 1}`,
  );
}

/** Names of VARIABLES with the numbered ones, and the `_FILE` forms of the secrets. */
export const VARIABLE_NAMES: ReadonlySet<string> = new Set(
  VARIABLES.flatMap(({ name, kind, isNumbered }) =>
    (isNumbered === true ? numberedNames(name) : [name]).flatMap((each) =>
      kind === 'secret' ? [each, `${each}_FILE`] : [each],
    ),
  ),
);
