import type { ProviderId } from './provider.ts';

/** Where an attempt goes: a model of a provider, paid by one of its accounts. */
export interface Target {
  readonly provider: ProviderId;
  /** The name of the credential that pays, e.g. `OPENROUTER_API_KEY_2`; never the credential. */
  readonly account: string;
  /** The model in the provider's spelling. */
  readonly upstreamModel: string;
}

// A decision looks each of its targets up a dozen times, and a text that is made anew is hashed anew.
const accountKeys = new WeakMap<Omit<Target, 'upstreamModel'>, string>();
const targetKeys = new WeakMap<Target, string>();

/** `<provider>/<account>`: account names hold no `/`. Remembered per object. */
export function accountKey(of: Omit<Target, 'upstreamModel'>): string {
  const known = accountKeys.get(of);
  if (known !== undefined) return known;
  const key = `${of.provider}/${of.account}`;
  accountKeys.set(of, key);
  return key;
}

/** `<provider>/<account>/<model>`. Remembered per object. */
export function targetKey(of: Target): string {
  const known = targetKeys.get(of);
  if (known !== undefined) return known;
  const key = `${of.provider}/${of.account}/${of.upstreamModel}`;
  targetKeys.set(of, key);
  return key;
}

/** Whether a key of either kind is the provider's; `account` null = of any of its accounts. */
export function isKeyOf(key: string, provider: ProviderId, account: string | null): boolean {
  if (account === null) return key.startsWith(`${provider}/`);
  const owner = accountKey({ provider, account });
  return key === owner || key.startsWith(`${owner}/`);
}
