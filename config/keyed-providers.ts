/**
 * Providers that an address and a key are enough for, as data: the key's variable turns one on, the address's moves it
 * (scheme and host; the provider's own path follows).
 */
export const KEYED_PROVIDERS = [
  {
    id: 'openrouter',
    keyVariable: 'OPENROUTER_API_KEY',
    urlVariable: 'OPENROUTER_BASE_URL',
    baseUrl: 'https://openrouter.ai',
  },
  {
    id: 'anthropic',
    keyVariable: 'ANTHROPIC_API_KEY',
    urlVariable: 'ANTHROPIC_UPSTREAM_URL',
    baseUrl: 'https://api.anthropic.com',
  },
] as const;
