import type { ProviderId } from './provider.ts';

/** Where an attempt goes: a model of a provider, paid by one of its accounts. */
export interface Target {
  readonly provider: ProviderId;
  /** The name of the credential that pays, e.g. `OPENROUTER_API_KEY_2`; never the credential. */
  readonly account: string;
  /** The model in the provider's spelling. */
  readonly upstreamModel: string;
}

/** `<provider>/<account>`: account names hold no `/`. */
export function accountKey({ provider, account }: Omit<Target, 'upstreamModel'>): string {
  return `${provider}/${account}`;
}

/** `<provider>/<account>/<model>`. */
export function targetKey({ provider, account, upstreamModel }: Target): string {
  return `${provider}/${account}/${upstreamModel}`;
}
