import type { BuiltInProviderId, ProviderId } from '../schemas/provider.ts';
import { readKeys, withAccounts } from './accounts.ts';
import {
  type AccountSettings,
  type ProviderSettings,
  type ProviderTable,
  SAFETY_THRESHOLDS,
  type SafetyThreshold,
} from './config.ts';
import { KEYED_PROVIDERS } from './keyed-providers.ts';
import { loadServers, PLAIN_SERVER } from './load-servers.ts';
import type { Reader } from './reader.ts';
import { readVertexAccounts, vertexHost } from './vertex-accounts.ts';

/** Settings of every provider, and whether none has a credential. */
export interface LoadedProviders {
  readonly providers: ProviderTable;
  readonly isSandbox: boolean;
}

type KeyedProviderId = (typeof KEYED_PROVIDERS)[number]['id'];

const SANDBOX_CREDENTIAL = 'sandbox';
/**
 * Where the sandbox role listens. Prompts must not reach a real provider just because nobody said where the sandbox is;
 * the process that starts one itself replaces this address.
 */
const SANDBOX_URL_DEFAULT = 'http://127.0.0.1:8099';
const GITHUB_RETIRED =
  'GitHub retired the service on 2026-07-30 (it answers 410); set GITHUB_MODELS_BASE_URL to another endpoint of its kind';

/**
 * Reads the providers' settings. A provider whose credential is set is on; without a single one all of them stand for
 * the sandbox.
 */
export function loadProviders(
  reader: Reader,
  options: { sandboxUrl: string | null },
): LoadedProviders {
  const real = realProviders(reader);
  const all = [...Object.values(real), ...loadServers(reader)];
  const isSandbox = !all.some(({ isEnabled }) => isEnabled);
  const final = all.map((settings): ProviderSettings => {
    // Retired, it is no part of what a newcomer sees: naming an endpoint of its kind brings it back.
    const isRetired = settings.offReason === GITHUB_RETIRED;
    if (!isSandbox || isRetired) return settings;
    return {
      ...settings,
      isEnabled: true,
      offReason: null,
      baseUrl: options.sandboxUrl ?? SANDBOX_URL_DEFAULT,
      apiKey: SANDBOX_CREDENTIAL,
      projectId: settings.projectId ?? SANDBOX_CREDENTIAL,
      moreAccounts: [],
    };
  });
  const providers = Object.fromEntries(final.map((settings) => [settings.id, settings]));
  return { providers: providers as unknown as ProviderTable, isSandbox }; // same ids
}

function off(settings: ProviderSettings, reason: string): ProviderSettings {
  return { ...settings, isEnabled: false, offReason: reason };
}

function realProviders(reader: Reader): Record<BuiltInProviderId, ProviderSettings> {
  const { region, accounts } = readVertexAccounts(reader);
  const vertex = (id: ProviderId, variable: string): ProviderSettings => {
    const url = reader.text(variable) === null ? null : reader.url(variable, vertexHost(region));
    const on = {
      ...provider(id, url ?? vertexHost(region), SANDBOX_CREDENTIAL),
      region,
    };
    if (accounts.length === 0) return off(on, 'VERTEX_PROJECT_ID is not set');
    return withAccounts(
      on,
      accounts.map((account) => ({ ...account, baseUrl: url ?? vertexHost(account.region) })),
    );
  };
  const githubUrl = reader.text('GITHUB_MODELS_BASE_URL');
  const github = keyed(reader, 'GITHUB_TOKEN', {
    id: 'github-models',
    baseUrl: reader.url('GITHUB_MODELS_BASE_URL', 'https://models.github.ai'),
  });
  const compatibleUrl = reader.text('OPENAI_COMPATIBLE_BASE_URL');
  const compatible = provider(
    'openai-compatible',
    reader.url('OPENAI_COMPATIBLE_BASE_URL', 'http://localhost:11434/v1', { hasPath: true }),
    PLAIN_SERVER.name,
  );
  return {
    'vertex-claude': vertex('vertex-claude', 'VERTEX_CLAUDE_BASE_URL'),
    'vertex-gemini': {
      ...vertex('vertex-gemini', 'VERTEX_GEMINI_BASE_URL'),
      ...safetyThreshold(reader),
    },
    'github-models': githubUrl === null ? off(github, GITHUB_RETIRED) : github,
    ...keyedProviders(reader),
    'openai-compatible': {
      ...withAccounts(compatible, compatibleAccounts(reader)),
      server: PLAIN_SERVER,
      isEnabled: compatibleUrl !== null,
      offReason: compatibleUrl === null ? 'OPENAI_COMPATIBLE_BASE_URL is not set' : null,
    },
  };
}

function keyedProviders(reader: Reader): Record<KeyedProviderId, ProviderSettings> {
  const entries = KEYED_PROVIDERS.map(({ id, keyVariable, urlVariable, baseUrl }) => {
    const where = { id, baseUrl: reader.url(urlVariable, baseUrl) };
    return [id, keyed(reader, keyVariable, where)] as const;
  });
  return Object.fromEntries(entries) as Record<KeyedProviderId, ProviderSettings>; // the ids of the table
}

function provider(id: ProviderId, baseUrl: string, account: string): ProviderSettings {
  const isOn = { isEnabled: true, offReason: null };
  return { id, baseUrl, account, apiKey: null, ...isOn, projectId: null, region: null };
}

function keyed(
  reader: Reader,
  variable: string,
  { id, baseUrl }: { readonly id: ProviderId; readonly baseUrl: string },
): ProviderSettings {
  const settings = withAccounts(provider(id, baseUrl, variable), readKeys(reader, variable));
  return settings.apiKey === null ? off(settings, `${variable} is not set`) : settings;
}

// The first goes by the server's name: that is how the ledger knows it.
function compatibleAccounts(reader: Reader): readonly AccountSettings[] {
  const variable = 'OPENAI_COMPATIBLE_API_KEY';
  return readKeys(reader, variable).map((key) =>
    key.account === variable ? { ...key, account: PLAIN_SERVER.name } : key,
  );
}

function safetyThreshold(reader: Reader): { safetyThreshold?: SafetyThreshold } {
  const name = 'VERTEX_GEMINI_SAFETY';
  if (reader.text(name) === null) return {};
  return { safetyThreshold: reader.choice(name, SAFETY_THRESHOLDS, 'BLOCK_MEDIUM_AND_ABOVE') };
}
