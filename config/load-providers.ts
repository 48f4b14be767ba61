import { existsSync } from 'node:fs';
import type { BuiltInProviderId, ProviderId } from '../schemas/provider.ts';
import {
  type ProviderSettings,
  type ProviderTable,
  SAFETY_THRESHOLDS,
  type SafetyThreshold,
} from './config.ts';
import { KEYED_PROVIDERS } from './keyed-providers.ts';
import { loadServers, PLAIN_SERVER } from './load-servers.ts';
import type { Reader } from './reader.ts';

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
const REGION = /^[a-z][a-z0-9-]{0,62}$/;
const PROJECT = /^[a-z0-9][a-z0-9.:-]{0,99}$/i;
const DEFAULT_REGION = 'us-east5';
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
    };
  });
  const providers = Object.fromEntries(final.map((settings) => [settings.id, settings]));
  return { providers: providers as unknown as ProviderTable, isSandbox }; // same ids
}

function off(settings: ProviderSettings, reason: string): ProviderSettings {
  return { ...settings, isEnabled: false, offReason: reason };
}

function realProviders(reader: Reader): Record<BuiltInProviderId, ProviderSettings> {
  const region = loadRegion(reader);
  const projectId = loadProject(reader);
  const accessToken = reader.credential('VERTEX_ACCESS_TOKEN');
  if (projectId !== null && accessToken === null) checkGoogleFile(reader);
  const vertexHost = vertexBaseUrl(region);
  const vertex = (id: ProviderId, variable: string): ProviderSettings => ({
    ...provider(id, reader.url(variable, vertexHost), accessToken),
    ...(projectId === null
      ? { isEnabled: false, offReason: 'VERTEX_PROJECT_ID is not set' }
      : { isEnabled: true, offReason: null }),
    projectId,
    region,
  });
  const githubUrl = reader.text('GITHUB_MODELS_BASE_URL');
  const github = keyed(
    provider(
      'github-models',
      reader.url('GITHUB_MODELS_BASE_URL', 'https://models.github.ai'),
      reader.credential('GITHUB_TOKEN'),
    ),
    'GITHUB_TOKEN',
  );
  const compatibleUrl = reader.text('OPENAI_COMPATIBLE_BASE_URL');
  return {
    'vertex-claude': vertex('vertex-claude', 'VERTEX_CLAUDE_BASE_URL'),
    'vertex-gemini': {
      ...vertex('vertex-gemini', 'VERTEX_GEMINI_BASE_URL'),
      ...safetyThreshold(reader),
    },
    'github-models': githubUrl === null ? off(github, GITHUB_RETIRED) : github,
    ...keyedProviders(reader),
    'openai-compatible': {
      ...provider(
        'openai-compatible',
        reader.url('OPENAI_COMPATIBLE_BASE_URL', 'http://localhost:11434/v1', { hasPath: true }),
        reader.credential('OPENAI_COMPATIBLE_API_KEY'),
      ),
      server: PLAIN_SERVER,
      isEnabled: compatibleUrl !== null,
      offReason: compatibleUrl === null ? 'OPENAI_COMPATIBLE_BASE_URL is not set' : null,
    },
  };
}

function keyedProviders(reader: Reader): Record<KeyedProviderId, ProviderSettings> {
  const entries = KEYED_PROVIDERS.map(({ id, keyVariable, urlVariable, baseUrl }) => {
    const settings = provider(id, reader.url(urlVariable, baseUrl), reader.credential(keyVariable));
    return [id, keyed(settings, keyVariable)] as const;
  });
  return Object.fromEntries(entries) as Record<KeyedProviderId, ProviderSettings>; // the ids of the table
}

function provider(id: ProviderId, baseUrl: string, apiKey: string | null): ProviderSettings {
  const isOn = { isEnabled: true, offReason: null };
  return { id, baseUrl, apiKey, ...isOn, projectId: null, region: null };
}

function keyed(settings: ProviderSettings, variable: string): ProviderSettings {
  return settings.apiKey === null ? off(settings, `${variable} is not set`) : settings;
}

function safetyThreshold(reader: Reader): { safetyThreshold?: SafetyThreshold } {
  const name = 'VERTEX_GEMINI_SAFETY';
  if (reader.text(name) === null) return {};
  return { safetyThreshold: reader.choice(name, SAFETY_THRESHOLDS, 'BLOCK_MEDIUM_AND_ABOVE') };
}

// Both become parts of an address.
function loadRegion(reader: Reader): string {
  const region = reader.text('VERTEX_REGION') ?? DEFAULT_REGION;
  if (REGION.test(region)) return region;
  reader.problems.push(`VERTEX_REGION is "${region}"; it must be a region like us-east5 or global`);
  return DEFAULT_REGION;
}

function loadProject(reader: Reader): string | null {
  const projectId = reader.text('VERTEX_PROJECT_ID');
  if (projectId !== null && !PROJECT.test(projectId)) {
    reader.problems.push(
      `VERTEX_PROJECT_ID is "${projectId}"; it must be a Google Cloud project id`,
    );
  }
  return projectId;
}

function checkGoogleFile(reader: Reader): void {
  const file = reader.text('GOOGLE_APPLICATION_CREDENTIALS');
  if (file !== null && !existsSync(file)) {
    reader.problems.push(`GOOGLE_APPLICATION_CREDENTIALS: ${file} does not exist`);
  }
}

/** Source: protocol reference §2, hosts by region. */
function vertexBaseUrl(region: string): string {
  if (region === 'global') return 'https://aiplatform.googleapis.com';
  if (region === 'us' || region === 'eu') return `https://aiplatform.${region}.rep.googleapis.com`;
  return `https://${region}-aiplatform.googleapis.com`;
}
