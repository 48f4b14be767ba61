import type { BuiltInProviderId, NamedProviderId, ProviderId } from '../schemas/provider.ts';
import type { StrategyName } from '../schemas/routing.ts';
import type { AlertSettings } from './load-alerts.ts';
import type { Budget } from './load-budgets.ts';
import type { PriceSettings } from './load-prices.ts';
import type { RateLimit } from './load-rate-limits.ts';
import type { CompatibleServer } from './load-servers.ts';
import type { ModelMapping } from './model-mapping.ts';
import type { RoutingRules } from './routing-rules.ts';

/** Google's thresholds for blocking harmful content, strictest last. Source: protocol reference §3. */
export const SAFETY_THRESHOLDS = [
  'OFF',
  'BLOCK_NONE',
  'BLOCK_ONLY_HIGH',
  'BLOCK_MEDIUM_AND_ABOVE',
  'BLOCK_LOW_AND_ABOVE',
] as const;
/** One of SAFETY_THRESHOLDS. */
export type SafetyThreshold = (typeof SAFETY_THRESHOLDS)[number];

/** How one provider is reached. `isEnabled: false` has the reason in `offReason`. */
export interface ProviderSettings {
  readonly id: ProviderId;
  readonly isEnabled: boolean;
  /** Why it is off and which variable turns it on; null when it is on. */
  readonly offReason: string | null;
  /** The name of the credential that pays: the variable it came from, or the project; never the credential. */
  readonly account: string;
  /** Further accounts; `accountsOf` gives each its settings. */
  readonly moreAccounts?: readonly AccountSettings[];
  /** Scheme and host (and port), without a path; `openai-compatible` includes its path. */
  readonly baseUrl: string;
  /** API key or bearer token; null where the provider authenticates another way. */
  readonly apiKey: string | null;
  /** Google Cloud project and region; only for the Vertex providers. */
  readonly projectId: string | null;
  readonly region: string | null;
  /** A service account's file of its own; without it Google's library looks for credentials itself. */
  readonly credentialsFile?: string;
  /** From which harm on Gemini blocks, in Google's words; without it Google's own default. */
  readonly safetyThreshold?: SafetyThreshold;
  /** How an OpenAI-compatible server differs; only for these. */
  readonly server?: CompatibleServer;
}

/** In what one account of a provider differs from another. */
export interface AccountSettings
  extends Pick<ProviderSettings, 'account' | 'apiKey'>,
    Partial<Pick<ProviderSettings, 'baseUrl' | 'projectId' | 'region' | 'credentialsFile'>> {}

/** Settings of every provider by id: of the built-in ones always, of named servers as configured. */
export interface ProviderTable extends Readonly<Record<BuiltInProviderId, ProviderSettings>> {
  readonly [id: NamedProviderId]: ProviderSettings;
}

/** Ports by what they serve; null = switched off. `auto` picks a provider per request. */
export type Ports = Readonly<Record<'auto' | PinnedPort, number | null>>;
/** Providers with a port of their own. */
export type PinnedPort = 'vertex-claude' | 'vertex-gemini' | 'github-models' | 'openrouter';

/** Whether an attempt waits until the ledger's log has its reservation (`strict`), or never (`default`). */
export type AccountingMode = 'default' | 'strict';

/** The whole configuration: typed, checked, immutable. */
export interface Config {
  readonly host: string;
  readonly ports: Ports;
  /** Client keys; empty = none needed (loopback only). */
  readonly gatewayApiKeys: readonly string[];
  readonly adminApiKey: string | null;
  /** Host header names accepted beside loopback names and `host`. */
  readonly allowedHosts: readonly string[];
  readonly natsUrl: string | null;
  readonly natsServerBin: string | null;
  /** Folders in which programs are looked for: PATH. */
  readonly searchPath: string;
  /** Folder for JetStream data and other state of this machine. */
  readonly dataDir: string;
  readonly providers: ProviderTable;
  /** Enabled providers in the order the auto port tries them. */
  readonly chain: readonly ProviderId[];
  /** What the operator says about models. */
  readonly modelMapping: ModelMapping;
  /** What the operator says about prices. */
  readonly prices: PriceSettings;
  readonly accounting: AccountingMode;
  /** What the operator wants to be told about spending. */
  readonly alerts: AlertSettings;
  /** Hard limits of spending; empty = none. */
  readonly budgets: readonly Budget[];
  /** What the operator says about kinds of requests. */
  readonly routingRules: RoutingRules;
  /** What the operator says about rate limits. */
  readonly rateLimits: readonly RateLimit[];
  /** The share of a rate limit beyond which other providers are preferred, 0 to 1. */
  readonly rateLimitThreshold: number;
  /** The `intelligent` strategy looks at money. */
  readonly isCostOptimized: boolean;
  readonly isAutoFallback: boolean;
  readonly strategy: StrategyName;
  /** True when the providers are our stand-ins. */
  readonly isSandbox: boolean;
  /** Where the stand-ins listen; null = this process starts them. */
  readonly sandboxUrl: string | null;
  readonly httpEngine: 'auto' | 'uwebsockets' | 'node-http';
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Attempts one worker process serves at once, per provider. */
  readonly workerConcurrency: number;
}

/** A provider's settings. Throws Error for a named server that is not configured. */
export function settingsOf(providers: ProviderTable, id: ProviderId): ProviderSettings {
  const settings = providers[id];
  if (settings === undefined) throw new Error(`provider ${id} is not configured`);
  return settings;
}
